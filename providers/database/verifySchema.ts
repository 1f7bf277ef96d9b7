import type pg from 'pg';
import type { Difference } from '../provider.ts';
import { schemaTag } from './schema.ts';
import { readShape, type Shape } from './shape.ts';
import { appliedTable, type TenantMigration } from './tenantMigrations.ts';
import { tagWord } from './verifyRole.ts';

/**
 * How a tenant's schema differs from what `ensure` makes: whose it is, who may use it, which migrations it has, and whether what they
 * made is still so. Reads catalogues and the list of applied migrations only.
 */
export async function verifySchema(
  client: pg.ClientBase,
  expected: {
    name: string;
    isOurs(tag: string | null): boolean;
    owner: string;
    readerRole: string | null;
    migrations: TenantMigration[];
    shapeOf(migrations: TenantMigration[]): Promise<Shape>;
  },
): Promise<Difference[]> {
  const { name } = expected;
  const differences: Difference[] = [];
  const compare = (what: string, wanted: string, found: string, repair: Difference['repair'] = 'mend') => {
    if (wanted !== found) differences.push({ what, expected: wanted, found, repair });
  };

  const schema = await schemaTag(client, name);
  if (!schema)
    return [{ what: `schema ${name}`, expected: 'present', found: 'missing', repair: 'remake', isWhole: true }];
  compare(`tag of schema ${name}`, 'ours', tagWord(schema.tag, expected.isOurs), schema.tag === null ? 'mend' : 'none');
  const { rows } = await client.query<{ owner: string; rights: string | null }>(schemaQuery, [name]);
  compare(`owner of schema ${name}`, expected.owner, rows[0]?.owner ?? 'none');
  const wanted = ['tenant: usage', ...(expected.readerRole ? [`${expected.readerRole}: usage`] : [])]
    .sort()
    .join(' · ');
  compare(`rights on schema ${name}`, wanted, rows[0]?.rights ?? 'none');

  const all = expected.migrations;
  const applied = await readApplied(client, name);
  // What an edited migration made cannot be compared with what its file says now.
  const isEdited = applied.some(({ checksum }, at) => checksum !== all[at]?.checksum);
  const isBehind = !isEdited && applied.length > 0 && applied.length < all.length;
  const inside = isEdited
    ? []
    : differencesOfShape(
        await readShape(client, name),
        await expected.shapeOf(isBehind ? all.slice(0, applied.length) : all),
      );
  const maySucceed = isBehind && inside.every(({ repair }) => repair === 'mend');
  compare('applied migrations', written(all), written(applied), maySucceed ? 'mend' : 'none');
  return [...differences, ...inside];
}

const schemaQuery = `
  select pg_get_userbyid(nspowner) as owner,
         (select string_agg(line, ' · ' order by line) from (
            select case when a.grantee = 0 then 'everyone' else replace(pg_get_userbyid(a.grantee), n.nspname, 'tenant') end
                     || ': ' || string_agg(lower(a.privilege_type), ', ' order by a.privilege_type) as line
            from aclexplode(n.nspacl) a where a.grantee <> n.nspowner group by a.grantee) granted) as rights
  from pg_namespace n where nspname = $1`;

/** A list that a foreign owner keeps from us counts as none: a difference shall be told, not thrown. */
async function readApplied(client: pg.ClientBase, name: string): Promise<{ name: string; checksum: string }[]> {
  const listed = await client.query(
    `select 1 from pg_tables where schemaname = $1 and tablename = $2 and has_schema_privilege(schemaname, 'usage')
       and has_table_privilege(format('%I.%I', schemaname, tablename), 'select')`,
    [name, appliedTable],
  );
  if (!listed.rowCount) return [];
  const { rows } = await client.query<{ name: string; checksum: string }>(
    `select name, checksum from ${name}.${appliedTable} order by number`,
  );
  return rows;
}

const written = (migrations: { name: string; checksum: string }[]): string =>
  migrations.map((migration) => `${migration.name}@${migration.checksum.slice(0, 12)}`).join(' ') || 'none';

/** Owners and rights can be set again; what a migration made and somebody changed or dropped, only a person can bring back. */
function differencesOfShape(is: Shape, reference: Shape): Difference[] {
  const [here, there] = [relationsOf(is), relationsOf(reference)];
  const whats = [...new Set([...reference.lines.keys(), ...is.lines.keys()])].sort();
  return whats.flatMap((what) => {
    const [expected, found] = [reference.lines.get(what), is.lines.get(what)];
    const whole = wholeOf(what);
    const isToldAsAWhole = whole !== null && here.has(whole) !== there.has(whole);
    if (expected === found || isToldAsAWhole) return [];
    const isRight = what.startsWith('rights on ');
    return [
      {
        what,
        expected: expected ?? 'none',
        found: found ?? (isRight ? 'none' : 'missing'),
        repair: isRight || what.startsWith('owner of ') ? 'mend' : 'none',
      },
    ];
  });
}

const relationsOf = ({ lines }: Shape): Set<string> =>
  new Set([...lines.keys()].flatMap((what) => /^(?:table|view|sequence) ([^ ]+)$/.exec(what)?.[1] ?? []));

/** `tasks` for `column tasks.title` and `owner of table tasks`: what a whole table lacks is not told piece by piece. */
const wholeOf = (what: string): string | null =>
  /^(?:column|index|constraint|trigger) ([^.]+)\./.exec(what)?.[1] ??
  /^(?:owner of|rights on|row security of) (?:table|view|sequence) ([^ ]+)/.exec(what)?.[1] ??
  null;
