import { sql, type RawBuilder } from 'kysely';
import type { z } from 'zod';
import type { TenantPage, TenantQuery } from '#contracts/tenants.ts';
import type { Reach } from '../access/grants.ts';
import { withinReach } from '../access/withinReach.ts';
import { readCursor, writeCursor } from '../cursors.ts';
import type { Sql } from '../database.ts';
import type { TenantKeys } from '../secrets/tenantKeys.ts';
import { json, rows } from '../sql.ts';
import { foldForSearch } from './searchText.ts';
import { Tenant } from './tenantRecord.ts';
import { viewTenants } from './viewTenant.ts';

/** A page of tenants by keyset, so that page 1,000 costs what page 1 does and nothing is shown twice. */
export async function listTenants(
  em: Sql,
  keys: TenantKeys,
  query: z.infer<typeof TenantQuery>,
  reach: Reach,
): Promise<TenantPage> {
  const where = [
    withinReach(reach, sql`t.id`),
    query.state ? sql`t.state = ${query.state}` : sql`t.state not in ('erased', 'rolled_back')`,
    ...(query.plan ? [sql`t.plan = ${query.plan}`] : []),
    ...(query.q?.trim() ? [matching(query.q.trim())] : []),
  ];
  const byName = query.sort.endsWith('name');
  const descending = query.sort.startsWith('-');
  const column = byName ? sql`t.search_text` : sql`t.created_at`;
  const cast = byName ? sql`text` : sql`timestamptz`;
  const direction = descending ? sql`desc` : sql`asc`;

  const page = [...where];
  if (query.cursor) {
    const after = readCursor(query.cursor, byName ? 'text' : 'time');
    const beyond = descending ? sql`<` : sql`>`;
    page.push(sql`(${column}, t.id) ${beyond} (${after.value}::${cast}, ${after.id}::uuid)`);
  }
  const found = await rows<{ id: string; search_text: string; created_at: string }>(em)`
    select t.id, t.search_text, t.created_at from tenants t
    where ${sql.join(page, sql` and `)}
    order by ${column} ${direction}, t.id ${direction}
    limit ${query.limit + 1}`;
  const [counted] = await rows<{ total: string }>(em)`
    select count(*) as total from tenants t where ${sql.join(where, sql` and `)}`;

  const shown = found.slice(0, query.limit);
  const last = shown.at(-1);
  const tenants = await em.find(Tenant, { id: { $in: shown.map(({ id }) => id) } });
  const byId = new Map(tenants.map((tenant) => [tenant.id, tenant]));
  const cursorValue = last && (byName ? last.search_text : new Date(last.created_at).toISOString());
  return {
    items: await viewTenants(
      em,
      keys,
      shown.flatMap(({ id }) => byId.get(id) ?? []),
    ),
    nextCursor:
      last && cursorValue !== undefined && found.length > query.limit ? writeCursor(cursorValue, last.id) : null,
    total: Number(counted?.total ?? 0),
  };
}

const labelSearch = /^label:([a-z0-9._/-]+)=(.*)$/;

function matching(text: string): RawBuilder<unknown> {
  const label = labelSearch.exec(text);
  if (label?.[1]) return sql`t.labels @> ${json({ [label[1]]: label[2] ?? '' })}::jsonb`;
  const part = `%${foldForSearch(text).replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
  return sql`(t.search_text like ${part} or exists (
    select 1 from tenant_addresses a where a.tenant_id = t.id and a.state = 'current' and a.slug like ${part})
    or exists (select 1 from jsonb_each_text(t.labels) as label where lower(label.value) like ${part} or label.key like ${part}))`;
}
