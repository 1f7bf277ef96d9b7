import type pg from 'pg';
import { inSchema } from './catalogue.ts';

/** A right that somebody other than the owner has on a relation of the schema. */
export interface Right {
  relation: string;
  isSequence: boolean;
  /** A role's name; `tenant` for the schema's own role, `everyone` for PUBLIC. */
  grantee: string;
  privilege: string;
}

/** What a schema holds, in words that can be compared with those of another schema: `column tasks.title` → `text, required`. */
export interface Shape {
  lines: Map<string, string>;
  rights: Right[];
}

/**
 * Reads the catalogues only: tables, columns, indexes, constraints, triggers, functions, their owners and rights. The schema's own name is
 * left out and its role is called `tenant`, so that the shapes of two schemas are alike when the same was done in both.
 */
export async function readShape(client: pg.ClientBase, schema: string): Promise<Shape> {
  // Names in definitions are then written without the schema's, except where PostgreSQL always writes it.
  await client.query(`set local search_path = ${schema}`);
  const found = await client.query<{ what: string; is: string }>(shapeQuery, [schema]);
  const rights = await client.query<Right>(rightsQuery, [schema]);
  const lines = new Map(found.rows.map(({ what, is }) => [what, is.replaceAll(`${schema}.`, '')]));
  const onEach = Map.groupBy(rights.rows, ({ relation }) => relation);
  for (const [relation, granted] of onEach) lines.set(`rights on ${relation}`, writtenRights(granted));
  return { lines, rights: rights.rows };
}

/** `tenant: insert, select · tenantry_reader: select` */
export const writtenRights = (rights: Pick<Right, 'grantee' | 'privilege'>[]): string =>
  [...Map.groupBy(rights, ({ grantee }) => grantee)]
    .map(([grantee, granted]) => `${grantee}: ${granted.map(({ privilege }) => privilege).join(', ')}`)
    .join(' · ');

const kindOf = `case c.relkind when 'r' then 'table' when 'p' then 'table' when 'v' then 'view' when 'm' then 'view'
  when 'f' then 'table' when 'S' then 'sequence' end`;
const relations = `with relations as materialized (select * from pg_class where oid = ${inSchema('pg_class')})`;

const shapeQuery = `
  ${relations}
  select ${kindOf} || ' ' || c.relname as what, 'present' as is from relations c where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  union all
  select 'owner of ' || ${kindOf} || ' ' || c.relname, replace(pg_get_userbyid(c.relowner), $1, 'tenant')
    from relations c where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  union all
  select 'view ' || c.relname || ' (definition)', md5(pg_get_viewdef(c.oid)) from relations c where c.relkind in ('v', 'm')
  union all
  select 'column ' || c.relname || '.' || a.attname,
         format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then ', required' else '' end
           || coalesce(', default ' || pg_get_expr(d.adbin, d.adrelid), '')
           || case when a.attidentity <> '' then ', identity' else '' end
    from relations c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relkind in ('r', 'p', 'v', 'm', 'f')
  union all
  select 'index ' || c.relname || '.' || x.relname, pg_get_indexdef(x.oid) || case when i.indisvalid then '' else ' (not valid)' end
    from relations c join pg_index i on i.indrelid = c.oid join pg_class x on x.oid = i.indexrelid
    where not exists (select 1 from pg_constraint k where k.conrelid = c.oid and k.conindid = x.oid and k.contype in ('p', 'u', 'x'))
  union all
  select 'constraint ' || c.relname || '.' || k.conname, pg_get_constraintdef(k.oid)
    from relations c join pg_constraint k on k.conrelid = c.oid where k.contype <> 'n'
  union all
  select 'trigger ' || c.relname || '.' || t.tgname,
         pg_get_triggerdef(t.oid) || case t.tgenabled when 'D' then ' (disabled)' else '' end
    from relations c join pg_trigger t on t.tgrelid = c.oid and not t.tgisinternal
  union all
  select 'row security of table ' || c.relname,
         case when c.relforcerowsecurity then 'forced' when c.relrowsecurity then 'on' else 'off' end
           || coalesce(': ' || (select string_agg(polname || ' ' || coalesce(pg_get_expr(polqual, polrelid), ''), ', ' order by polname)
                                from pg_policy where polrelid = c.oid), '')
    from relations c where c.relkind in ('r', 'p')
  union all
  select 'function ' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', md5(p.prosrc || coalesce(p.proconfig::text, ''))
    from pg_proc p where p.oid = ${inSchema('pg_proc')}
  union all
  select 'type ' || t.typname, coalesce((select string_agg(enumlabel, ', ' order by enumsortorder) from pg_enum where enumtypid = t.oid), 'present')
    from pg_type t where t.oid = ${inSchema('pg_type')} and t.typtype in ('e', 'd')
  union all
  select 'rights on later ' || case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' else d.defaclobjtype::text end,
         string_agg(replace(pg_get_userbyid(a.grantee), $1, 'tenant') || ': ' || lower(a.privilege_type), ', '
                    order by replace(pg_get_userbyid(a.grantee), $1, 'tenant'), a.privilege_type)
    from pg_default_acl d, aclexplode(d.defaclacl) a where d.oid = ${inSchema('pg_default_acl')}
    group by d.defaclobjtype`;

const rightsQuery = `
  ${relations}
  select ${kindOf} || ' ' || c.relname as relation, c.relkind = 'S' as "isSequence",
         case when a.grantee = 0 then 'everyone' else replace(pg_get_userbyid(a.grantee), $1, 'tenant') end as grantee,
         lower(a.privilege_type) as privilege
  from relations c, aclexplode(c.relacl) a
  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and a.grantee <> c.relowner
  order by 1, 3, 4`;
