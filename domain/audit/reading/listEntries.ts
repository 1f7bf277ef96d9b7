import { sql, type RawBuilder } from 'kysely';
import type { z } from 'zod';
import type { AuditEntry, AuditPage, AuditQuery } from '#contracts/audit/audit.ts';
import type { Reach } from '../../access/grants.ts';
import { withinReach } from '../../access/withinReach.ts';
import type { Sql } from '../../database.ts';
import { openOrigin } from '../../events/origin.ts';
import { kindOf } from '../../events/actor.ts';
import type { Keyring } from '../../secrets/keyring.ts';
import { rows } from '../../sql.ts';
import { eventColumns, targetOf, type EventRow } from '../eventRows.ts';

/** A text has no index: a page looks through so many events, and says where it stopped. */
const searchedAtOnce = 50_000;
const isId = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

type Query = z.output<typeof AuditQuery>;
type Row = EventRow & { email: string | null; key_name: string | null; tenant_name: string | null };

/** What happened, newest first, of the tenants in reach; what belongs to no tenant is for whose reach is everything. */
export async function listEntries(em: Sql, keyring: Keyring, query: Query, reach: Reach): Promise<AuditPage> {
  const where = [withinReach(reach, sql`e.tenant_id`), ...conditionsOf(query)];
  const before = query.cursor ?? '9223372036854775807';
  const from = query.search ? await searchedFrom(em, before) : '0';
  const found = await rows<Row>(em)`
    select ${eventColumns}, u.email, coalesce(k.name, w.name) as key_name, t.name as tenant_name
    from events e left join users u on u.id = e.actor_id and u.tenant_id is null left join api_keys k on k.id = e.key_id
      left join worker_tokens w on w.id = e.key_id left join tenants t on t.id = e.tenant_id
    where e.id < ${before}::bigint and e.id >= ${from}::bigint and ${sql.join(where, sql` and `)}
    order by e.id desc limit ${query.limit + 1}`;
  const items = found.slice(0, query.limit);
  const isMore = found.length > query.limit;
  return {
    items: items.map((row) => view(row, keyring)),
    nextCursor: isMore ? (items.at(-1)?.id ?? null) : from === '0' ? null : from,
  };
}

function conditionsOf(query: Query): RawBuilder<unknown>[] {
  const { actor, search } = query;
  const like = search && `%${search.replace(/[\\%_]/g, '\\$&')}%`;
  const conditions: [unknown, () => RawBuilder<unknown>][] = [
    [query.tenantId, () => sql`e.tenant_id = ${query.tenantId}::uuid`],
    [query.chain, () => sql`e.tenant_id is null`],
    [
      actor,
      () =>
        isId.test(actor ?? '')
          ? sql`e.actor_id = ${actor}::uuid`
          : sql`e.actor_id = (select id from users where email = ${actor?.toLowerCase()} and tenant_id is null)`,
    ],
    [query.keyId, () => sql`e.key_id = ${query.keyId}::uuid`],
    [query.type, () => sql`e.type like ${`${query.type?.replace(/_/g, '\\_')}%`}`],
    [query.outcome, () => sql`e.outcome = ${query.outcome}`],
    [query.requestId, () => sql`e.request_id = ${query.requestId}`],
    [query.from, () => sql`e.created_at >= ${query.from}::timestamptz`],
    [query.to, () => sql`e.created_at < ${query.to}::timestamptz`],
    [
      like,
      () => sql`(e.type || ' ' || e.stream || ' ' || coalesce(e.target_id, '') || ' ' || e.data::text) ilike ${like}`,
    ],
    [query.targetKind ?? query.targetId, () => targetCondition(query)],
  ];
  return conditions.filter(([given]) => given !== undefined).map(([, make]) => make());
}

/** On what: told by the stream, or beside it. */
function targetCondition({ targetKind: kind, targetId: id }: Query): RawBuilder<unknown> {
  if (kind !== undefined && id !== undefined)
    return sql`(e.stream in (${`${kind}:${id}`}, ${`platform:${kind}/${id}`}) and e.target_id is null
                or e.target_id = ${id} and e.target_kind = ${kind})`;
  if (id !== undefined)
    return sql`(e.target_id = ${id} or e.target_id is null and (split_part(e.stream, ':', 2) = ${id} or split_part(e.stream, '/', 2) = ${id}))`;
  return sql`(e.target_kind = ${kind} or e.target_id is null and (e.stream like ${`${kind}:%`} or e.stream like ${`platform:${kind}/%`}))`;
}

async function searchedFrom(em: Sql, before: string): Promise<string> {
  const [last] = await rows<{ id: string }>(em)`
    select id::text from events where id < ${before}::bigint order by events.id desc offset ${searchedAtOnce - 1} limit 1`;
  return last?.id ?? '0';
}

function view(row: Row, keyring: Keyring): AuditEntry {
  const kind = kindOf({ userId: row.user, ...(row.actor_kind ? { kind: row.actor_kind } : {}) });
  return {
    id: row.id,
    at: row.at,
    type: row.type,
    outcome: row.outcome as AuditEntry['outcome'],
    code: row.code,
    actor: {
      kind,
      userId: row.user,
      email: row.email,
      keyId: row.key,
      keyName: row.key_name,
      supportAccessId: row.support,
      onBehalfOf: row.on_behalf_of,
    },
    target: targetOf(row),
    tenant: row.tenant === null ? null : { id: row.tenant, name: row.tenant_name ?? row.tenant },
    origin: row.origin && openOrigin(keyring, row.origin),
    requestId: row.request,
    data: row.data,
    sequence: row.sequence === null ? null : Number(row.sequence),
    hash: row.hash?.toString('hex') ?? null,
  };
}
