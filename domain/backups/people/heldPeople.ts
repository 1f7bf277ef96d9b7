import { z } from 'zod';
import { portalRoles } from '#contracts/portal/permissions.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import type { KeptProfile, Realm } from '../../people/realm.ts';
import { totpSecretOf } from '../../people/factors/totp.ts';
import { rows } from '../../sql.ts';

const time = z.iso.datetime();
const base64 = z.base64().max(20_000);

/** Somebody of a tenant with what lets them in, in clear: it is the part that is sealed. */
export const HeldPerson = z.strictObject({
  id: z.uuid(),
  email: z.string().min(3).max(320),
  name: z.string().max(500).nullable(),
  role: z.enum(portalRoles),
  passwordHash: z.string().max(500),
  createdAt: time,
  activatedAt: time.nullable(),
  disabledAt: time.nullable(),
  totp: z.strictObject({ secret: z.string().max(200), confirmedAt: time }).nullable(),
  passkeys: z
    .array(
      z.strictObject({
        credentialId: z.string().max(2_000),
        publicKey: base64,
        counter: z.int().min(0),
        transports: z.array(z.string().max(40)).max(20),
        isSynced: z.boolean(),
        name: z.string().max(500),
        createdAt: time,
      }),
    )
    .max(100),
  recoveryCodes: z.array(z.strictObject({ hash: base64, salt: base64 })).max(100),
});
export type HeldPerson = z.output<typeof HeldPerson>;

const readAtOnce = 200;

interface Row extends KeptProfile {
  id: string;
  portal_role: HeldPerson['role'];
  password_hash: string;
  created_at: string;
  activated_at: string | null;
  disabled_at: string | null;
  totp: string | null;
  totp_confirmed_at: string | null;
  passkeys: (Omit<HeldPerson['passkeys'][number], 'createdAt'> & { createdAt: string })[];
  codes: HeldPerson['recoveryCodes'];
}

/** All of them as the caller's transaction sees them, some hundreds in memory at a time. Codes that were used are no codes any more. */
export async function* readPeople(em: Sql, realm: Realm): AsyncIterable<HeldPerson> {
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const found = await rows<Row>(em)`
      select u.id, u.email, u.name, u.sealed_profile, u.portal_role, u.password_hash, u.created_at, u.activated_at, u.disabled_at,
        (select encode(t.sealed, 'base64') from totp_secrets t where t.user_id = u.id and t.confirmed_at is not null) as totp,
        (select t.confirmed_at from totp_secrets t where t.user_id = u.id) as totp_confirmed_at,
        coalesce((select jsonb_agg(jsonb_build_object('credentialId', k.credential_id,
            'publicKey', translate(encode(k.public_key, 'base64'), E'\n', ''), 'counter', k.counter, 'transports', k.transports,
            'isSynced', k.is_synced, 'name', k.name, 'createdAt', k.created_at) order by k.id)
          from passkeys k where k.user_id = u.id), '[]') as passkeys,
        coalesce((select jsonb_agg(jsonb_build_object('hash', translate(encode(c.code_hash, 'base64'), E'\n', ''),
            'salt', translate(encode(c.salt, 'base64'), E'\n', '')) order by c.code_hash)
          from recovery_codes c where c.user_id = u.id and c.used_at is null), '[]') as codes
      from users u where u.tenant_id = ${realm.tenantId}::uuid and u.id > ${after}::uuid order by u.id limit ${readAtOnce}`;
    for (const row of found) yield personOf(realm, row);
    const last = found.at(-1);
    if (!last || found.length < readAtOnce) return;
    after = last.id;
  }
}

function personOf(realm: Realm, row: Row): HeldPerson {
  const { email, name } = realm.open(row.id, row);
  return {
    id: row.id,
    email,
    name,
    role: row.portal_role,
    passwordHash: row.password_hash,
    createdAt: isoOf(row.created_at),
    activatedAt: row.activated_at && isoOf(row.activated_at),
    disabledAt: row.disabled_at && isoOf(row.disabled_at),
    totp:
      row.totp !== null && row.totp_confirmed_at !== null
        ? {
            secret: totpSecretOf(realm.keyring, row.id, Buffer.from(row.totp, 'base64')),
            confirmedAt: isoOf(row.totp_confirmed_at),
          }
        : null,
    passkeys: row.passkeys.map((key) => ({ ...key, createdAt: isoOf(key.createdAt) })),
    recoveryCodes: row.codes,
  };
}
