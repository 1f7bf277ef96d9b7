import { v7 as newId } from 'uuid';
import { mostKeysEach, type IssuedApiKey, type KeyRotation, type NewApiKey } from '#contracts/access/apiKeys.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Permission } from '#contracts/permissions.ts';
import { bumpAccessEpoch } from '../access/epoch.ts';
import { idOfScope, scopeOf, type ScopeColumns } from '../access/loadGrants.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { hashOfToken, newToken } from '../secrets/tokens.ts';
import { rows } from '../sql.ts';
import { findApiKey } from './viewKeys.ts';

/** The key itself is in the answer and nowhere else: the registry keeps its digest. Refuses with `api_key_limit`. */
export async function createApiKey(em: Sql, userId: string, wanted: NewApiKey, actor: Actor): Promise<IssuedApiKey> {
  await rows(em)`select 1 from users where id = ${userId} and tenant_id is null for update`; // two at once are counted one after the other
  const [count] = await rows<{ live: number }>(em)`
    select count(*)::int as live from api_keys
    where user_id = ${userId} and revoked_at is null and least(expires_at, retires_at) > now()`;
  if ((count?.live ?? 0) >= mostKeysEach)
    throw new DomainError('api_key_limit', `Nobody may have more than ${mostKeysEach} keys. Revoke one first.`);
  return insertKey(em, userId, { ...wanted, rotatedFrom: null }, actor);
}

interface Old extends ScopeColumns {
  user_id: string;
  name: string;
  permissions: Permission[];
  per_second: number | null;
  days: number;
}

/**
 * A new key like the old one, which goes on for the overlap and no longer. Only its owner may: the new key acts for him. Refuses with
 * `not_found`, and `api_key_over` when the old one ended or was replaced already.
 */
export async function rotateApiKey(
  em: Sql,
  { keyId, userId }: { keyId: string; userId: string },
  { overlapHours, days }: KeyRotation,
  actor: Actor,
): Promise<{ issued: IssuedApiKey; epoch: number }> {
  const [old] = await rows<Old>(em)`
    select user_id, name, permissions, scope_kind, scope_id, per_second,
           greatest(1, round(extract(epoch from expires_at - created_at) / 86400))::int as days
    from api_keys where id = ${keyId} and user_id = ${userId} for update`;
  if (!old) throw notThere();
  const ended = await rows(em)`
    update api_keys
    set retires_at = case when ${overlapHours}::int > 0 then now() + make_interval(hours => ${overlapHours}::int) end,
        revoked_at = case when ${overlapHours}::int = 0 then now() end,
        revoked_by = case when ${overlapHours}::int = 0 then ${actor.userId}::uuid end
    where id = ${keyId} and revoked_at is null and retires_at is null and expires_at > now() returning 1`;
  if (ended.length === 0) throw new DomainError('api_key_over', 'This key has ended, or was replaced already.');
  const issued = await insertKey(
    em,
    userId,
    {
      name: old.name,
      permissions: old.permissions,
      scope: scopeOf(old),
      perSecond: old.per_second,
      days: days ?? old.days,
      rotatedFrom: keyId,
    },
    actor,
  );
  await tell(em, keyId, 'api_key.rotated', { into: issued.id, overlapHours }, actor);
  return { issued, epoch: await bumpAccessEpoch(em) }; // who has the old one in memory believes that it is valid for longer
}

/**
 * From then on it opens nothing, within a second on every process. Revoking twice is revoking once. Refuses with `not_found`.
 *
 * @param userId whose it must be; null where anybody's may be revoked
 * @returns the epoch of access, to be announced
 */
export async function revokeApiKey(
  em: Sql,
  { keyId, userId }: { keyId: string; userId: string | null },
  actor: Actor,
): Promise<{ epoch: number }> {
  const [found] = await rows<{ revoked_at: Date | null }>(em)`
    select revoked_at from api_keys where id = ${keyId} and (${userId}::uuid is null or user_id = ${userId}) for update`;
  if (!found) throw notThere();
  if (!found.revoked_at) {
    await rows(em)`update api_keys set revoked_at = now(), revoked_by = ${actor.userId} where id = ${keyId}`;
    await tell(em, keyId, 'api_key.revoked', {}, actor);
  }
  return { epoch: await bumpAccessEpoch(em) };
}

async function insertKey(
  em: Sql,
  userId: string,
  { name, permissions, scope, perSecond, days, rotatedFrom }: NewApiKey & { rotatedFrom: string | null },
  actor: Actor,
): Promise<IssuedApiKey> {
  const [id, key] = [newId(), newToken('apiKey')];
  await rows(em)`
    insert into api_keys (id, user_id, name, key_hash, hint, permissions, scope_kind, scope_id, per_second, expires_at, rotated_from)
    values (${id}, ${userId}, ${name}, ${hashOfToken(key)}, ${key.slice(-4)}, ${permissions}, ${scope.kind}, ${idOfScope(scope)},
            ${perSecond}, now() + make_interval(days => ${days}::int), ${rotatedFrom})`;
  await tell(em, id, 'api_key.created', { permissions, scope, perSecond, days, rotatedFrom }, actor);
  const issued = await findApiKey(em, id, userId);
  if (!issued) throw new Error('a key that was just made is not there');
  return { ...issued, key };
}

const notThere = (): DomainError => new DomainError('not_found', 'There is no such key.');

const tell = (em: Sql, id: string, type: string, data: Record<string, unknown>, actor: Actor): Promise<void> =>
  appendEvent(em, { stream: `key:${id}`, type, tenantId: null, data }, actor);
