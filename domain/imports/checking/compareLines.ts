import type { Sql } from '../../database.ts';
import { json, rows } from '../../sql.ts';
import type { ImportProblemCode } from '#contracts/imports/imports.ts';

/** A duplicate is told at the later line; the first one may be the right one. */
async function markRepeated(em: Sql, importId: string): Promise<void> {
  await rows(em)`
    with repeated as (
      select number, slug, first_value(line) over (partition by slug order by number) as first_line,
             row_number() over (partition by slug order by number) as place
      from import_lines where import_id = ${importId} and slug is not null
    )
    update import_lines l set state = 'invalid', errors = errors || jsonb_build_array(jsonb_build_object(
      'code', 'slug_duplicate', 'column', 'slug', 'text', 'Line ' || r.first_line || ' has the same address.'))
    from repeated r where l.import_id = ${importId} and l.number = r.number and r.place > 1 and l.state <> 'existing'`;
  await rows(em)`
    with repeated as (
      select number, external_id, first_value(line) over (partition by external_id order by number) as first_line,
             row_number() over (partition by external_id order by number) as place
      from import_lines where import_id = ${importId} and external_id is not null
    )
    update import_lines l set state = 'invalid', errors = errors || jsonb_build_array(jsonb_build_object(
      'code', 'external_id_duplicate', 'column', 'externalId', 'text', 'Line ' || r.first_line || ' has the same external id.'))
    from repeated r where l.import_id = ${importId} and l.number = r.number and r.place > 1`;
}

/** A tenant that is there, by its external id or as what this very line of this very file became, is not made again. */
async function markExisting(em: Sql, importId: string): Promise<void> {
  await rows(em)`
    update import_lines l set state = 'existing', tenant_id = t.id
    from tenants t
    where l.import_id = ${importId} and l.state = 'valid' and t.external_id = l.external_id
      and t.state not in ('erased', 'rolled_back')`;
  await rows(em)`
    update import_lines l set state = 'existing', tenant_id = t.id
    from imports i, import_origins o, tenants t
    where l.import_id = ${importId} and l.state = 'valid' and i.id = l.import_id
      and o.digest = i.digest and o.number = l.number and t.id = o.tenant_id and t.state not in ('erased', 'rolled_back')`;
}

async function markTaken(em: Sql, importId: string): Promise<void> {
  const taken = {
    code: 'slug_taken' satisfies ImportProblemCode,
    column: 'slug',
    text: 'Another tenant has this address.',
  };
  await rows(em)`
    update import_lines l set state = 'invalid', errors = errors || ${json([taken])}::jsonb
    from tenant_addresses a
    where l.import_id = ${importId} and l.state = 'valid' and a.slug = l.slug and a.state <> 'released'`;
}

/** What no line can tell by itself: whether another line, or a tenant that is there, has the same. In statements over all lines. */
export async function compareLines(em: Sql, importId: string): Promise<void> {
  await markExisting(em, importId);
  await markRepeated(em, importId);
  await markTaken(em, importId);
}
