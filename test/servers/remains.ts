import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { bucketNameOf, loginRolesOf, schemaNameOf } from '#domain/resources/names.ts';
import type { TestInstallation } from './installation.ts';

/** Whatever of a tenant can be found in the real systems, by name: the ledger is not asked. Empty means clean. */
export async function remainsOf(installation: TestInstallation, tenantId: string): Promise<string[]> {
  const schema = schemaNameOf(tenantId);
  const bucket = bucketNameOf(tenantId);
  const remains: string[] = [];
  const stores = await installation.asAdmin<{ database_name: string }>(null, 'select database_name from data_stores');
  for (const { database_name } of stores) {
    const found = await installation.asAdmin(database_name, 'select 1 from pg_namespace where nspname = $1', [schema]);
    if (found.length > 0) remains.push(`schema ${database_name}/${schema}`);
  }
  const roles = await installation.asAdmin<{ name: string }>(
    null,
    'select rolname as name from pg_roles where rolname = any($1)',
    [loginRolesOf(schema)],
  );
  remains.push(...roles.map(({ name }) => `role ${name}`));
  const realms = await installation.asAdmin(null, 'select 1 from realms where tenant_id = $1', [tenantId]);
  if (realms.length > 0) remains.push('realm');
  const licenses = await installation.asAdmin(
    null,
    `select 1 from licenses where tenant_id = $1 and (state in ('active', 'suspended') or claims is not null or tag is not null)`,
    [tenantId],
  );
  if (licenses.length > 0) remains.push('licence');
  const keys = await installation.asAdmin(
    null,
    'select 1 from resource_secrets s join resources r on r.id = s.resource_id where r.tenant_id = $1',
    [tenantId],
  );
  if (keys.length > 0) remains.push('secrets');
  const root = installation.configuration.storageDir;
  if (await isFolder(join(root, bucket))) remains.push(`bucket ${bucket}`);
  const trash = await readdir(join(root, '.trash')).catch(() => []);
  remains.push(...trash.filter((name) => name.startsWith(bucket)).map((name) => `trash ${name}`));
  const addresses = await installation.asAdmin<{ slug: string }>(
    null,
    `select slug from tenant_addresses where tenant_id = $1 and state <> 'released'`,
    [tenantId],
  );
  remains.push(...addresses.map(({ slug }) => `address ${slug}`));
  const placed = await installation.asAdmin(
    null,
    `select 1 from data_stores s where tenant_count <>
       (select count(*) from resources r where r.store_id = s.id and r.state <> 'destroyed')`,
  );
  if (placed.length > 0) remains.push('a place in a data store that is counted wrongly');
  return remains;
}

const isFolder = async (path: string): Promise<boolean> => (await stat(path).catch(() => null))?.isDirectory() ?? false;
