import { createHash } from 'node:crypto';
import type { Sql } from '../../database.ts';
import { bringBackTotp } from '../../people/factors/totp.ts';
import type { Realm } from '../../people/realm.ts';
import { rows } from '../../sql.ts';
import type { HeldPerson } from './heldPeople.ts';

export interface BroughtBack {
  people: number;
  /** Who is there stays as they are: a restore opens no door that was closed since. */
  stayed: number;
  /** A passkey belongs to one account: the one that has it now keeps it. */
  passkeysLeft: number;
}

/** An id in another tenant, the same for each attempt (RFC 9562, version 8). */
function idBeside(tenantId: string, id: string): string {
  const bytes = createHash('sha256').update(`tenantry/beside/${tenantId}/${id}`).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/**
 * Brings back who is gone, with all that let them in. Belongs into a transaction.
 *
 * @param isBeside in another tenant than they were of: they are other accounts there
 */
export async function bringBackPeople(
  em: Sql,
  realm: Realm,
  people: AsyncIterable<HeldPerson>,
  { isBeside }: { isBeside: boolean },
): Promise<BroughtBack> {
  const tenantId = realm.tenantId!;
  const done: BroughtBack = { people: 0, stayed: 0, passkeysLeft: 0 };
  for await (const person of people) {
    const id = isBeside ? idBeside(tenantId, person.id) : person.id;
    const { email, sealed_profile: sealed } = realm.keep(id, person);
    const made = await rows(em)`
      insert into users (id, email, name, sealed_profile, tenant_id, portal_role, password_hash, created_at, activated_at, disabled_at)
      values (${id}, ${email}, null, ${sealed}, ${tenantId}, ${person.role}, ${person.passwordHash}, ${person.createdAt}, ${person.activatedAt},
              ${person.disabledAt})
      on conflict do nothing returning 1`;
    if (made.length === 0) {
      done.stayed += 1;
      continue;
    }
    done.people += 1;
    if (person.totp) await bringBackTotp(em, realm.keyring, { userId: id, ...person.totp });
    for (const { hash, salt } of person.recoveryCodes)
      await rows(em)`
        insert into recovery_codes (user_id, code_hash, salt)
        values (${id}, ${Buffer.from(hash, 'base64')}, ${Buffer.from(salt, 'base64')}) on conflict do nothing`;
    for (const key of person.passkeys) {
      const kept = await rows(em)`
        insert into passkeys (id, user_id, credential_id, public_key, counter, transports, is_synced, name, created_at)
        values (gen_random_uuid(), ${id}, ${key.credentialId}, ${Buffer.from(key.publicKey, 'base64')}, ${key.counter}, ${key.transports},
                ${key.isSynced}, ${key.name}, ${key.createdAt})
        on conflict do nothing returning 1`;
      if (kept.length === 0) done.passkeysLeft += 1;
    }
  }
  return done;
}
