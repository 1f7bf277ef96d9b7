import type pg from 'pg';
import type { Difference } from '../provider.ts';
import { roleTag, schemaTag } from './schema.ts';
import { appliedTable, type TenantMigration } from './tenantMigrations.ts';

/** How a tenant's schema and role differ from what `ensure` makes. Reads catalogues and the list of applied migrations only. */
export async function verifySchema(
  client: pg.ClientBase,
  expected: {
    name: string;
    isOurs(tag: string | null): boolean;
    owner: string;
    group: string;
    access: 'open' | 'suspended';
    migrations: TenantMigration[];
  },
): Promise<Difference[]> {
  const { name } = expected;
  const differences: Difference[] = [];
  const compare = (what: string, wanted: string, found: string) => {
    if (wanted !== found) differences.push({ what, expected: wanted, found });
  };

  const role = await roleTag(client, name);
  compare(`role ${name}`, 'present', role ? 'present' : 'missing');
  if (role) {
    compare(`tag of role ${name}`, 'ours', expected.isOurs(role.tag) ? 'ours' : 'not ours');
    const { rows } = await client.query<{ login: boolean; mighty: boolean; member: boolean }>(
      `select rolcanlogin as login, rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls as mighty,
              pg_has_role(oid, $2, 'member') as member
       from pg_roles where rolname = $1`,
      [name, expected.group],
    );
    compare(`login of role ${name}`, expected.access, rows[0]?.login ? 'open' : 'suspended');
    compare(`rights of role ${name}`, 'ordinary', rows[0]?.mighty ? 'more than ordinary' : 'ordinary');
    compare(`membership of role ${name}`, expected.group, rows[0]?.member ? expected.group : 'none');
  }

  const schema = await schemaTag(client, name);
  compare(`schema ${name}`, 'present', schema ? 'present' : 'missing');
  if (!schema) return differences;
  compare(`tag of schema ${name}`, 'ours', expected.isOurs(schema.tag) ? 'ours' : 'not ours');
  const { rows } = await client.query<{ owner: string; usage: boolean; create: boolean }>(
    `select pg_get_userbyid(nspowner) as owner,
            coalesce(has_schema_privilege(r.oid, n.oid, 'usage'), false) as usage,
            coalesce(has_schema_privilege(r.oid, n.oid, 'create'), false) as create
     from pg_namespace n left join pg_roles r on r.rolname = n.nspname where nspname = $1`,
    [name],
  );
  compare(`owner of schema ${name}`, expected.owner, rows[0]?.owner ?? 'none');
  if (role) {
    compare(`usage of schema ${name}`, 'granted', rows[0]?.usage ? 'granted' : 'not granted');
    compare(`create in schema ${name}`, 'not granted', rows[0]?.create ? 'granted' : 'not granted');
  }

  // A list that a foreign owner keeps from us counts as none: a difference shall be told, not thrown.
  const listed = await client.query(
    `select 1 from pg_tables where schemaname = $1 and tablename = $2 and has_schema_privilege(schemaname, 'usage')
       and has_table_privilege(format('%I.%I', schemaname, tablename), 'select')`,
    [name, appliedTable],
  );
  const applied = listed.rowCount
    ? (
        await client.query<{ name: string; checksum: string }>(
          `select name, checksum from ${name}.${appliedTable} order by number`,
        )
      ).rows
    : [];
  const written = (migrations: { name: string; checksum: string }[]) =>
    migrations.map((migration) => `${migration.name}@${migration.checksum.slice(0, 12)}`).join(' ') || 'none';
  compare('applied migrations', written(expected.migrations), written(applied));
  return differences;
}
