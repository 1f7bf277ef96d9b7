import type { Permission, Scope } from '#contracts/permissions.ts';
import type { Sql } from '../database.ts';
import { hashOfToken, tokenIsWellFormed } from '../secrets/tokens.ts';
import { rows } from '../sql.ts';
import { scopeOf, type ScopeColumns } from '../access/loadGrants.ts';

/** Whom a key stands for, and what it was given of what that person may. */
export interface KeyHolder {
  keyId: string;
  userId: string;
  limits: { permissions: ReadonlySet<Permission>; scope: Scope };
  /** Null: as often as any key may ask. */
  perSecond: number | null;
  /** It is for one tenant alone, and that one is suspended: it opens nothing. */
  isSuspended: boolean;
  /** Known to be valid until then, unless it is revoked or its owner disabled meanwhile. */
  validUntil: Date;
}

interface Row extends ScopeColumns {
  id: string;
  user_id: string;
  permissions: Permission[];
  per_second: number | null;
  valid_until: Date;
  stale: boolean;
  suspended: boolean;
}

/** Null when it is no key, expired, replaced for longer than its overlap, revoked, or its owner disabled. Its use is noted once a minute. */
export async function findKeyHolder(em: Sql, key: string): Promise<KeyHolder | null> {
  if (!tokenIsWellFormed('apiKey', key)) return null;
  const [found] = await rows<Row>(em)`
    select k.id, k.user_id, k.permissions, k.scope_kind, k.scope_id, k.per_second,
           least(k.expires_at, k.retires_at) as valid_until,
           k.last_used_at is null or k.last_used_at < now() - interval '1 minute' as stale,
           k.scope_kind = 'tenant' and exists (
             select 1 from tenants t where t.id::text = k.scope_id::text and t.state in ('suspended', 'offboarding')) as suspended
    from api_keys k join users u on u.id = k.user_id and u.tenant_id is null
    where k.key_hash = ${hashOfToken(key)} and k.revoked_at is null and least(k.expires_at, k.retires_at) > now()
      and u.disabled_at is null`;
  if (!found) return null;
  if (found.stale) await noteUse(em, found.id);
  return {
    keyId: found.id,
    userId: found.user_id,
    limits: { permissions: new Set(found.permissions), scope: scopeOf(found) },
    perSecond: found.per_second,
    isSuspended: found.suspended,
    validUntil: new Date(found.valid_until),
  };
}

/** Of many processes that see it used at once, one writes. */
const noteUse = (em: Sql, id: string): Promise<unknown> =>
  rows(em)`
    update api_keys set last_used_at = now()
    where id = ${id} and (last_used_at is null or last_used_at < now() - interval '1 minute')`;
