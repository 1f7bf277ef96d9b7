import { z } from 'zod';
import { canonical } from '../../audit/canonical.ts';
import type { Signer } from '../../audit/signingKeys.ts';
import { signStatement, type KeyBook, type SignedStatement } from '../../audit/statements.ts';
import { NotInPlace, type Place } from '../../places/place.ts';
import { seal, unseal } from '../../secrets/keyring.ts';
import type { TenantKey } from '../../secrets/tenantKeys.ts';
import { folderOfTenant } from './manifest.ts';
import { placed, refused } from './refusals.ts';

const base64 = z.base64().max(4 * 1024 * 1024);

/**
 * What lies beside a tenant's backups, so that they can be read where the registry is lost: its key, wrapped by what the master key opens,
 * and what the registry knew of it, sealed with that key.
 */
export const TenantCardStatement = z.strictObject({
  v: z.literal(1),
  kind: z.literal('backup-tenant'),
  installation: z.uuid(),
  tenant: z.uuid(),
  at: z.iso.datetime(),
  key: z.uuid(),
  /** As `tenant_keys` holds it. */
  wrapped: base64,
  /** {@link TenantFacts}, canonical JSON, sealed. */
  sealed: base64,
});
export type TenantCardStatement = z.output<typeof TenantCardStatement>;
const SignedCard = TenantCardStatement.extend({ kid: z.string().max(100), signature: z.string().max(200) });

/** What the registry knew of the tenant: whatever makes it again. */
export type TenantFacts = Record<string, unknown>;

const largestCard = 8 * 1024 * 1024;
export const cardKeyOf = (tenantId: string): string => `${folderOfTenant(tenantId)}/tenant.json`;
const contextOf = (tenantId: string): string => `backup/${tenantId}/tenant`;

/** Writes the card anew; the erasure of the tenant deletes it with the rest of its folder. */
export async function writeTenantCard(
  place: Place,
  card: { installationId: string; tenantId: string; key: TenantKey; wrapped: Buffer; facts: TenantFacts; at: Date },
  signer: Signer,
  signal: AbortSignal,
): Promise<void> {
  const { installationId, tenantId, key, wrapped, facts, at } = card;
  const statement: TenantCardStatement = {
    v: 1,
    kind: 'backup-tenant',
    installation: installationId,
    tenant: tenantId,
    at: at.toISOString(),
    key: key.id,
    wrapped: wrapped.toString('base64'),
    sealed: seal(key.key, Buffer.from(canonical(facts)), contextOf(tenantId)).toString('base64'),
  };
  const text = Buffer.from(`${canonical(signStatement(statement, signer))}\n`);
  async function* pieces(): AsyncIterable<Buffer> {
    yield text;
  }
  await placed(() => place.put(cardKeyOf(tenantId), pieces(), signal));
}

export interface TenantCard {
  statement: SignedStatement<TenantCardStatement>;
  /** With the tenant's key, which `keyring.unwrap(card.key, wrapped)` gives. Refuses `backup_wrong_key`. */
  open(key: Buffer): TenantFacts;
}

/**
 * @param keys of whoever may have signed it; null where there is no registry left to say, so that only what the wrapping key opens is believed
 * @throws `backup_not_found` · `backup_damaged` · `backup_signer_unknown` · `backup_forged` · `backup_wrong_tenant`
 */
export async function readTenantCard(place: Place, tenantId: string, keys: KeyBook | null): Promise<TenantCard> {
  const statement = await placed(() => parsedCard(place, tenantId));
  if (keys && !keys.has(statement.kid))
    throw refused('backup_signer_unknown', 'The card is signed by a key that is not known here.');
  if (keys && !keys.vouchesFor(statement))
    throw refused('backup_forged', "The card's signature is not over this text.");
  if (statement.tenant !== tenantId) throw refused('backup_wrong_tenant', 'This is the card of another tenant.');
  return {
    statement,
    open(key) {
      try {
        const text = unseal(key, Buffer.from(statement.sealed, 'base64'), contextOf(tenantId)).toString();
        return JSON.parse(text) as TenantFacts;
      } catch (error) {
        throw refused('backup_wrong_key', "The card is sealed with another key than this tenant's.", error);
      }
    },
  };
}

async function parsedCard(place: Place, tenantId: string): Promise<SignedStatement<TenantCardStatement>> {
  const held: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of place.get(cardKeyOf(tenantId))) {
      held.push(piece);
      if ((bytes += piece.length) > largestCard) break;
    }
    if (bytes <= largestCard) return SignedCard.parse(JSON.parse(Buffer.concat(held).toString()));
  } catch (error) {
    if (error instanceof NotInPlace) throw refused('backup_not_found', 'There is no card of this tenant.', error);
    if (error instanceof SyntaxError || error instanceof z.ZodError)
      throw refused('backup_damaged', 'The card is not what was written.', error);
    throw error;
  }
  throw refused('backup_damaged', 'The card is larger than any of ours.');
}
