import type pg from 'pg';
import { SetupError } from '../../progress.ts';
import { rowsSaid, withClients, type Pair } from './rows.ts';

/** Catalogues whose rows are objects with a name of their own, and which of them nobody made by hand. */
const catalogues: [name: string, only: string][] = [
  ['pg_class', `relkind <> 't' and relnamespace <> 'pg_toast'::regnamespace`],
  ['pg_type', `typelem = 0 and typnamespace <> 'pg_toast'::regnamespace`],
  ['pg_constraint', `contype <> 'n' and conparentid = 0`], // since 18 columns that may not be empty have one each
  ['pg_trigger', 'not tgisinternal and tgparentid = 0'],
  ...[
    ...['pg_proc', 'pg_policy', 'pg_rewrite', 'pg_operator', 'pg_opclass', 'pg_opfamily', 'pg_collation'],
    ...['pg_conversion', 'pg_namespace', 'pg_extension', 'pg_event_trigger', 'pg_cast', 'pg_language', 'pg_ts_config'],
    ...['pg_ts_dict', 'pg_ts_parser', 'pg_ts_template', 'pg_foreign_data_wrapper', 'pg_foreign_server', 'pg_transform'],
    ...['pg_user_mapping', 'pg_statistic_ext', 'pg_publication', 'pg_subscription', 'pg_default_acl', 'pg_am'],
    'pg_attrdef',
  ].map((name): [string, string] => [name, 'true']),
];

const isTemporary = `like 'pg\\_temp\\_%'`;

const objectsQuery = `
  with mine (catalogue, object) as (${catalogues
    .map(([name, only]) => `select '${name}'::regclass::oid, oid from ${name} where oid >= 16384 and ${only}`)
    .join(' union all ')})
  select i.type || ' ' || i.identity as line
  from mine, pg_identify_object(mine.catalogue, mine.object, 0) i
  where coalesce(i.schema, '') not ${isTemporary} and not exists (
    select from pg_depend d where d.classid = mine.catalogue and d.objid = mine.object and d.deptype = 'e')`;

/** Who owns and who may do what. MAINTAIN came with 17: whoever had every right before has it since. */
const rightsQuery = `
  with mine (what, object, owner, rights) as (
    select case relkind when 'S' then 'sequence ' else 'relation ' end, oid::regclass::text, relowner,
      coalesce(relacl, acldefault((case relkind when 'S' then 's' else 'r' end)::"char", relowner))
    from pg_class where oid >= 16384 and relkind in ('r', 'p', 'v', 'm', 'f', 'S') and relnamespace::regnamespace::text not ${isTemporary}
    union all select 'routine ', oid::regprocedure::text, proowner, coalesce(proacl, acldefault('f', proowner)) from pg_proc where oid >= 16384
    union all select 'schema ', nspname, nspowner, coalesce(nspacl, acldefault('n', nspowner))
      from pg_namespace where (oid >= 16384 or nspname = 'public') and nspname not ${isTemporary}
    union all select 'type ', oid::regtype::text, typowner, coalesce(typacl, acldefault('T', typowner))
      from pg_type where oid >= 16384 and typelem = 0 and typtype in ('d', 'e', 'r') and typnamespace <> 'pg_toast'::regnamespace
    union all select 'column ', format('%s.%I', attrelid::regclass, attname), null, attacl from pg_attribute where attrelid >= 16384 and attacl is not null
    union all select 'database ', datname, datdba, coalesce(datacl, acldefault('d', datdba)) from pg_database where datname = current_database())
  select concat(what, object, ' of ', owner::regrole, ': ', coalesce(g.grantee::regrole::text, ''), ' may ', g.privilege_type,
    case when g.is_grantable then ' and grant it' end) as line
  from mine left join lateral aclexplode(rights) g on g.privilege_type <> 'MAINTAIN'`;

const columnsQuery = `
  select format('column %s.%I %s', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod)) ||
    concat(case when a.attnotnull then ' not null' end, ' ', a.attidentity, a.attgenerated, ' ', c.relpersistence, c.relrowsecurity,
      c.relforcerowsecurity, ' ', array_to_string(c.reloptions, ',')) as line
  from pg_attribute a join pg_class c on c.oid = a.attrelid
  where a.attrelid >= 16384 and a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'f', 'v', 'm', 'c')
    and c.relnamespace::regnamespace::text not ${isTemporary} and not exists (
      select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')`;

const databaseQuery = `
  select format('database %s of %s, encoding %s, %s %s, connections %s, template %s, %s', datname, datdba::regrole, encoding, datcollate, datctype,
    datconnlimit, datistemplate, (select string_agg(format('%s %s', s.setrole, s.setconfig), ' ' order by s.setrole::regrole::text)
      from (select setdatabase, setrole::regrole, setconfig from pg_db_role_setting) s where s.setdatabase = d.oid)) as line
  from pg_database d where datname = current_database()`;

const most = 5;

/**
 * Holds a moved database against the one that it came from: every object, owner and right, and of every table how many rows it has and what they hold.
 *
 * @throws SetupError with what differs
 */
export async function compareDatabase(name: string, pair: Pair, signal: AbortSignal): Promise<void> {
  const differing: string[] = [];
  await withClients(pair, async (source, target) => {
    const [before, after] = await Promise.all([objectsOf(source), objectsOf(target)]);
    differing.push(...missing(before, after).map((line) => `missing: ${line}`));
    differing.push(...missing(after, before).map((line) => `not there before: ${line}`));
  });
  const [before, after] = await Promise.all([rowsSaid(pair.source, signal), rowsSaid(pair.target, signal)]);
  for (const [what, holds] of before)
    if (after.get(what) !== holds) differing.push(`${what}: ${holds} before, ${after.get(what) ?? 'nothing'} now`);
  for (const what of after.keys()) if (!before.has(what)) differing.push(`not there before: ${what}`);
  if (differing.length === 0) return;
  const more = differing.length > most ? [`and ${differing.length - most} more`] : [];
  throw new SetupError(
    [
      `The database ${name} is not in the new cluster what it is in the old one, which still counts:`,
      ...[...differing.slice(0, most), ...more].map((line) => `- ${line}`),
    ].join('\n'),
  );
}

async function objectsOf(client: pg.Client): Promise<Set<string>> {
  const lines = new Set<string>();
  for (const query of [objectsQuery, rightsQuery, columnsQuery, databaseQuery])
    for (const { line } of (await client.query<{ line: string }>(query)).rows) lines.add(line);
  return lines;
}

const missing = (from: Set<string>, into: Set<string>): string[] => [...from].filter((line) => !into.has(line));
