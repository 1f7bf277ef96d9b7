import { Labels, TenantName } from '#contracts/tenants.ts';
import type { ArrivalPlan, HandOverFile, NewArrivedTenant } from '#contracts/backups/arrivals.ts';
import { DomainError } from '#contracts/errors.ts';
import type { KeyBook } from '../../audit/statements.ts';
import type { Configuration } from '../../configuration.ts';
import type { Sql } from '../../database.ts';
import { openErasureLedger } from '../../erasure/erasureLedger.ts';
import { appendEvent, type Actor } from '../../events/appendEvent.ts';
import type { Installation } from '../../installation.ts';
import { seal, unseal } from '../../secrets/keyring.ts';
import type { TenantKey, TenantKeys } from '../../secrets/tenantKeys.ts';
import { json, rows } from '../../sql.ts';
import { registerTenant, type RegisteredTenant } from '../../tenants/registerTenant.ts';
import { openBackup, type OpenBackup } from '../format/readBackup.ts';
import { readTenantCard } from '../format/tenantCard.ts';
import { fillingSteps } from '../restoring/openRestore.ts';
import { sealChoiceWith, writeRestore } from '../restoring/restoreRow.ts';
import { arrivalOf, keyContextOf, privateContextOf, refuseOver } from './arrivals.ts';
import { openHandOver, signersOf } from './handOver.ts';
import { placeOfArrivals, refuseErasedOrigin } from './origins.ts';

interface Ground {
  installation: Installation;
  configuration: Pick<Configuration, 'backups' | 'erasure'>;
}

interface Opened {
  key: TenantKey;
  keys: KeyBook;
  backup: OpenBackup;
}

/** Refuses with `not_found`, `arrival_over`, `backup_forged`, `hand_over_for_another`, `hand_over_own`, `tenant_erased`, and as opening the backup does. */
async function open(
  em: Sql,
  { installation, configuration }: Ground,
  arrivalId: string,
  file: HandOverFile,
): Promise<Opened> {
  const arrival = await arrivalOf(em, arrivalId);
  refuseOver(arrival);
  const keys = signersOf(file);
  if (file.arrival !== arrivalId)
    throw new DomainError('hand_over_for_another', 'This was handed over for another request than this.');
  if (file.installation === installation.id)
    throw new DomainError('hand_over_own', 'This is of this installation: restore the tenant beside instead.');
  const { platformKey } = installation.keyring;
  const privateKey = unseal(platformKey, arrival.sealedPrivate, privateContextOf(arrivalId));
  const key = openHandOver(file, { publicKey: arrival.publicKey, privateKey });
  const place = placeOfArrivals(configuration);
  await refuseErasedOrigin(em, openErasureLedger(configuration), place, file.tenant);
  const target = { place, key, tenantId: file.tenant, backupId: file.backup };
  return { key, keys, backup: await openBackup(target, { keys }) };
}

/** What a hand-over brings; writes nothing. Refuses as {@link bringTenant} does. */
export async function planArrival(
  em: Sql,
  ground: Ground,
  arrivalId: string,
  file: HandOverFile,
): Promise<ArrivalPlan> {
  const { key, keys, backup } = await open(em, ground, arrivalId, file);
  const { manifest, parts, target } = backup;
  const { name, labels } = await cardOf(target.place, file.tenant, keys, key);
  return {
    ...{ from: file.installation, signer: file.kid, standing: await standingOf(em, file) },
    ...{ tenantId: file.tenant, backupId: file.backup, at: manifest.at, name, labels },
    schemaVersion: manifest.schemaVersion,
    sources: manifest.sources.map(({ source, rows: count, objects, bytes }) => ({
      ...{ source, rows: count, objects, bytes },
    })),
    tables: parts
      .filter(({ source, what }) => source === 'database' && what === 'rows')
      .map((part) => ({ name: part.name, rows: part.rows ?? 0 })),
  };
}

/** By which keys of that installation a tenant came before. */
async function standingOf(em: Sql, { installation, signers }: HandOverFile): Promise<ArrivalPlan['standing']> {
  const before = await rows<{ kid: string }>(em)`
    select distinct signer_kid as kid from arrivals where origin_installation = ${installation}`;
  if (before.length === 0) return 'new';
  const named = new Set(signers.map(({ kid }) => kid));
  return before.every(({ kid }) => named.has(kid)) ? 'known' : 'changed';
}

/** What lies beside its backups, if it was brought along: how it is called, to be offered and not to be believed. */
async function cardOf(
  place: OpenBackup['target']['place'],
  tenantId: string,
  keys: KeyBook,
  key: TenantKey,
): Promise<{ name: string | null; labels: Record<string, string> }> {
  try {
    const facts = (await readTenantCard(place, tenantId, keys)).open(key.key);
    const [tenant] = (facts['tenant'] ?? []) as { name?: unknown; labels?: unknown }[];
    const [name, labels] = [TenantName.safeParse(tenant?.name), Labels.safeParse(tenant?.labels)];
    return { name: name.success ? name.data : null, labels: labels.success ? labels.data : {} };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return { name: null, labels: {} };
  }
}

/** Reads files, by another connection than the transaction's. Refuses as {@link bringTenant} does. */
export const openArrival = open;

/**
 * Registers a tenant that is made from another installation's backup, and opens its provisioning, in the caller's transaction, with what
 * {@link openArrival} gave. Refuses with `confirmation_mismatch` (another signer than the person named), `arrival_over`, `slug_taken`, and as
 * registering a tenant does.
 */
export async function bringTenant(
  em: Sql,
  { installation, tenantKeys }: { installation: Installation; tenantKeys: TenantKeys },
  { arrivalId, key }: { arrivalId: string; key: TenantKey },
  { file, signer, only, ...wanted }: NewArrivedTenant,
  actor: Actor,
): Promise<RegisteredTenant> {
  if (signer.trim() !== file.kid)
    throw new DomainError('confirmation_mismatch', 'Another key signed this than the one that you compared.', {
      fields: [{ path: 'signer', message: 'is not what signed this' }],
    });
  refuseOver(await arrivalOf(em, arrivalId, { hold: true }));
  const made = await registerTenant(em, tenantKeys, wanted, actor, undefined, fillingSteps);
  const { runId, tenantId } = made;
  const sealed = seal(installation.keyring.platformKey, key.key, keyContextOf(arrivalId));
  await rows(em)`
    update arrivals set origin_installation = ${file.installation}, origin_tenant = ${file.tenant}, backup_id = ${file.backup},
      key_id = ${key.id}, sealed_key = ${sealed}, signers = ${json(file.signers)}::jsonb, signer_kid = ${file.kid},
      tenant_id = ${tenantId}, run_id = ${runId}
    where id = ${arrivalId}`;
  await writeRestore(em, {
    ...{ runId, mode: 'beside', tenantId, sourceTenantId: null, backupId: null, arrivalId, wasOpen: false },
    sealedChoice: sealChoiceWith(key, runId, only),
  });
  await appendEvent(
    em,
    {
      ...{ stream: `arrival:${arrivalId}` as const, type: 'arrival.begun', tenantId },
      data: { runId, from: file.installation, tenant: file.tenant, backupId: file.backup, signer: file.kid },
    },
    actor,
  );
  return made;
}
