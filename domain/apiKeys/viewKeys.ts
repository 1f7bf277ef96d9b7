import type { ApiKey } from '#contracts/access/apiKeys.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';
import { scopeOf, type ScopeColumns } from '../access/loadGrants.ts';
import { isoOf } from '../isoOf.ts';

interface Row extends ScopeColumns {
  id: string;
  name: string;
  hint: string;
  state: ApiKey['state'];
  user_id: string;
  email: string;
  permissions: ApiKey['permissions'];
  per_second: number | null;
  created_at: Date;
  expires_at: Date;
  last_used_at: Date | null;
  rotated_from: string | null;
  replaced_by: string | null;
  retires_at: Date | null;
  revoked_at: Date | null;
}

/** The newest first; those that ended more than 90 days ago are left out. */
export const listApiKeys = (em: Sql, userId: string | null): Promise<ApiKey[]> => select(em, { userId, keyId: null });

/** Null when there is none, or it is not this person's. */
export const findApiKey = async (em: Sql, keyId: string, userId: string | null): Promise<ApiKey | null> =>
  (await select(em, { userId, keyId }))[0] ?? null;

/** One person's keys, or everybody's (null). */
async function select(em: Sql, { userId, keyId }: { userId: string | null; keyId: string | null }): Promise<ApiKey[]> {
  const found = await rows<Row>(em)`
    select k.id, k.name, k.hint, k.user_id, u.email, k.permissions, k.scope_kind, k.scope_id, k.per_second, k.created_at,
           k.expires_at, k.last_used_at, k.rotated_from, n.id as replaced_by, k.retires_at, k.revoked_at,
           case when k.revoked_at is not null then 'revoked'
                when least(k.expires_at, k.retires_at) <= now() then 'expired'
                when u.disabled_at is not null then 'dormant'
                when k.retires_at is not null then 'retiring'
                else 'active' end as state
    from api_keys k join users u on u.id = k.user_id and u.tenant_id is null left join api_keys n on n.rotated_from = k.id
    where (${userId}::uuid is null or k.user_id = ${userId}) and (${keyId}::uuid is null or k.id = ${keyId})
      and least(k.expires_at, k.retires_at, k.revoked_at) > now() - interval '90 days'
    order by k.id desc`;
  return found.map(view);
}

const view = (row: Row): ApiKey => ({
  id: row.id,
  name: row.name,
  hint: row.hint,
  state: row.state,
  owner: { id: row.user_id, email: row.email },
  permissions: row.permissions,
  scope: scopeOf(row),
  perSecond: row.per_second,
  createdAt: isoOf(row.created_at),
  expiresAt: isoOf(row.expires_at),
  lastUsedAt: row.last_used_at && isoOf(row.last_used_at),
  rotatedFrom: row.rotated_from,
  replacedBy: row.replaced_by,
  retiresAt: row.retires_at && isoOf(row.retires_at),
  revokedAt: row.revoked_at && isoOf(row.revoked_at),
});
