import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';
import type { TenantKeys } from './tenantKeys.ts';

const contextOf = (resourceId: string, name: string): string => `secret/${resourceId}/${name}`;

/** A secret of a resource, sealed with its tenant's key. The first one written stays: a retried attempt finds what the earlier one used. */
export async function rememberSecret(
  em: Sql,
  keys: TenantKeys,
  secret: { tenantId: string; resourceId: string; name: string },
  make: () => string | Promise<string>,
): Promise<string> {
  const { tenantId, resourceId, name } = secret;
  const known = await recallSecret(em, keys, secret);
  if (known !== null) return known;
  const sealed = await keys.sealFor(tenantId, await make(), contextOf(resourceId, name));
  await rows(em)`
    insert into resource_secrets (resource_id, name, sealed) values (${resourceId}, ${name}, ${sealed}) on conflict do nothing`;
  const kept = await recallSecret(em, keys, secret);
  if (kept === null) throw new Error(`the secret ${name} of resource ${resourceId} was not kept`);
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
