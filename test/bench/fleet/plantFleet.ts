import { v7 as newId } from 'uuid';
import pg from 'pg';
import { rows } from '#domain/sql.ts';
import { schemaNameOf } from '#domain/resources/names.ts';
import { StoreConnections } from '#providers/database/stores/storeConnections.ts';
import { migrationOf } from '#providers/database/migrations/migrationFile.ts';
import type { TestInstallation } from '#test/servers/installation.ts';

export const firstFile = '0001_tasks.sql';
export const firstSql =
  'create table tasks (id uuid primary key default gen_random_uuid(), title text not null, done_at timestamptz);';
/** One ALTER and one index: what all three are measured by. */
export const changeSql = (column: string): string =>
  `alter table tasks add column ${column} timestamptz;\ncreate index tasks_${column} on tasks (${column});`;

export interface Planted {
  tenantId: string;
  resourceId: string;
  schema: string;
}

/**
 * Tenants at version 1 as rows and schemas: what provisioning would have made of what a migration touches, without the minutes that
 * it would take. They are the provisioner's, like all tenants'.
 */
export async function plantFleet(
  installation: TestInstallation,
  count: number,
): Promise<{ store: string; tenants: Planted[] }> {
  const em = installation.em;
  const [store] = await rows<{ id: string; name: string }>(em)`
    select id, database_name as name from data_stores where state = 'open' order by ordinal limit 1`;
  if (!store) throw new Error('no data store is open: start a worker first');
  const runId = newId();
  const tenants = Array.from({ length: count }, (): Planted => {
    const tenantId = newId();
    return { tenantId, resourceId: newId(), schema: schemaNameOf(tenantId) };
  });
  const given = JSON.stringify(tenants);
  await em.transactional(async (tx) => {
    await rows(tx)`
      insert into tenants (id, name, search_text, plan, region, state)
      select "tenantId", 'Planted ' || "tenantId", 'planted ' || "tenantId", 'standard', 'default', 'active'
      from jsonb_to_recordset(${given}::jsonb) as t ("tenantId" uuid)`;
    await rows(tx)`
      insert into runs (id, kind, tenant_id, state, exclusive, cancellable, workflow_id)
      values (${runId}, 'provisionTenant', ${tenants[0]!.tenantId}, 'succeeded', true, false, ${`planted/${runId}`})`;
    await rows(tx)`
      insert into resources (id, tenant_id, kind, provider, title, position, external_id, store_id, state, run_id, epoch)
      select "resourceId", "tenantId", 'database', 'database', 'Database', 0, ${store.name} || '/' || schema, ${store.id}::uuid, 'present', ${runId}::uuid, 1
      from jsonb_to_recordset(${given}::jsonb) as t ("tenantId" uuid, "resourceId" uuid, schema text)`;
    await rows(tx)`
      insert into tenant_versions (tenant_id, version)
      select "tenantId", 1 from jsonb_to_recordset(${given}::jsonb) as t ("tenantId" uuid)`;
  });
  const { checksum } = migrationOf(1, '0001_tasks', firstSql);
  const connections = new StoreConnections(installation.env['TENANTRY_PROVISIONER_DATABASE_URL']!);
  try {
    await connections.lend(store.name, async (client) => {
      for (const { schema, resourceId } of tenants)
        await client.query(`begin; create schema ${schema}; set local search_path = ${schema}; ${firstSql}
          create table schema_migrations (number integer primary key, name text not null, checksum text not null,
            applied_at timestamptz not null default now());
          insert into schema_migrations values (1, '0001_tasks', ${pg.escapeLiteral(checksum)});
          insert into tenantry.fences (resource_id, state, run_id, epoch) values ('${resourceId}', 'present', '${runId}', 1); commit`);
    });
  } finally {
    await connections.close();
  }
  return { store: store.name, tenants };
}

/** As many schemas with the same table, which nobody's list knows: for the plain loop. */
export async function plantPlain(adminUrl: string, store: string, count: number): Promise<string[]> {
  const schemas = Array.from({ length: count }, (_, at) => `plain_${at}`);
  const url = new URL(adminUrl);
  url.pathname = `/${store}`;
  const client = new pg.Client({ connectionString: url.toString() });
  await client.connect();
  try {
    for (const schema of schemas)
      await client.query(`begin; create schema ${schema}; set local search_path = ${schema}; ${firstSql} commit`);
  } finally {
    await client.end();
  }
  return schemas;
}
