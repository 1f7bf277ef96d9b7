import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';
import type { TenantKeys } from './tenantKeys.ts';

const contextOf = (resourceId: string, name: string): string => `secret/${resourceId}/${name}`;

/**
 * A secret of a resource, sealed with its tenant's key. The first one written stays: a retried attempt finds what the earlier one
 * used. Refuses (`resource_fenced`) once the removal has begun: a late attempt would leave a secret that nobody deletes.
 */
export async function rememberSecret(
  em: Sql,
  keys: TenantKeys,
  secret: { tenantId: string; resourceId: string; name: string },
  make: () => string | Promise<string>,
): Promise<string> {
  const { tenantId, resourceId, name } = secret;
  const known = await recallSecret(em, keys, secret);
  if (known !== null) return known;
  const made = await make();
  const sealed = await keys.sealFor(tenantId, made, contextOf(resourceId, name));
  const written = await rows(em)`
    insert into resource_secrets (resource_id, name, sealed)
    select id, ${name}, ${sealed} from resources
    where id = ${resourceId} and state not in ('destroying', 'destroyed') for share
    on conflict do nothing returning 1`;
  if (written.length > 0) return made;
  const kept = await recallSecret(em, keys, secret);
  if (kept === null) throw new DomainError('resource_fenced', 'The removal of this resource has begun.');
  return kept;
}

export async function recallSecret(
  em: Sql,
  keys: TenantKeys,
  { tenantId, resourceId, name }: { tenantId: string; resourceId: string; name: string },
): Promise<string | null> {
  const [row] = await rows<{ sealed: Buffer }>(em)`
    select sealed from resource_secrets where resource_id = ${resourceId} and name = ${name}`;
  return row ? keys.unsealFor(tenantId, row.sealed, contextOf(resourceId, name)) : null;
}
