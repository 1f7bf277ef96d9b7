import { sql, type RawBuilder } from 'kysely';
import { DomainError } from '#contracts/errors.ts';
import type {
  SupportAccess,
  SupportAccessQuery,
  SupportEnding,
  SupportKind,
  SupportState,
} from '#contracts/support/supportAccess.ts';
import type { Reach } from '../access/grants.ts';
import { withinReach } from '../access/withinReach.ts';
import { readCursor, writeCursor } from '../cursors.ts';
import type { Sql } from '../database.ts';
import type { TenantKeys } from '../secrets/tenantKeys.ts';
import { rows } from '../sql.ts';
import { actingAsOf } from './acting.ts';
import { contextOf } from './askSupport.ts';
import { isoOf } from '../isoOf.ts';

export interface Looker {
  personId: string;
  /** By which access the session that looks acts. */
  entered: string | null;
  /** Whose accesses may be ended besides one's own. */
  mayEnd(tenantId: string): boolean;
}

const stateNow = sql`
  case when s.state = 'asked' and s.answer_until <= now() then 'expired'
       when s.state = 'running' and s.ends_at <= now() then 'ended' else s.state end`;

/** Newest first. */
export async function listAccesses(
  em: Sql,
  keys: TenantKeys,
  { tenantId, state, cursor, limit }: SupportAccessQuery,
  reach: Reach,
  looker: Looker,
): Promise<{ items: SupportAccess[]; nextCursor: string | null }> {
  const where = [
    withinReach(reach, sql`s.tenant_id`),
    ...(tenantId ? [sql`s.tenant_id = ${tenantId}`] : []),
    ...(state ? [sql`${stateNow} = ${state}`] : []),
  ];
  if (cursor) {
    const after = readCursor(cursor, 'time');
    where.push(sql`(s.asked_at, s.id) < (${after.value}::timestamptz, ${after.id}::uuid)`);
  }
  const items = await select(em, keys, sql.join(where, sql` and `), limit + 1, looker);
  const page = items.slice(0, limit);
  const last = page.at(-1);
  return { items: page, nextCursor: last && items.length > limit ? writeCursor(last.askedAt, last.id) : null };
}

/** Refuses with `not_found`. */
export async function readAccess(em: Sql, keys: TenantKeys, id: string, looker: Looker): Promise<SupportAccess> {
  const [access] = await select(em, keys, sql`s.id = ${id}`, 1, looker);
  if (!access) throw new DomainError('not_found', 'There is no such support access.');
  return access;
}

interface Row {
  id: string;
  tenant_id: string;
  tenant_name: string;
  slug: string | null;
  person_id: string;
  email: string;
  kind: SupportKind;
  state: SupportState;
  sealed_reason: Buffer;
  sealed_acting_as: Buffer | null;
  minutes: number;
  asked_at: string;
  answer_until: string | null;
  answered_at: string | null;
  ends_at: string | null;
  ended_at: string | null;
  ended_by: SupportEnding | null;
}

async function select(
  em: Sql,
  keys: TenantKeys,
  where: RawBuilder<unknown>,
  limit: number,
  looker: Looker,
): Promise<SupportAccess[]> {
  const found = await rows<Row>(em)`
    select s.*, ${stateNow} as state, t.name as tenant_name, a.slug, u.email,
           case when s.state = 'running' and s.ends_at <= now() then 'time' else s.ended_by end as ended_by
    from support_accesses s join tenants t on t.id = s.tenant_id join users u on u.id = s.person_id and u.tenant_id is null
    left join tenant_addresses a on a.tenant_id = t.id and a.state = 'current'
    where ${where} order by s.asked_at desc, s.id desc limit ${limit}`;
  return Promise.all(found.map((row) => viewAccess(keys, row, looker)));
}

async function viewAccess(keys: TenantKeys, row: Row, looker: Looker): Promise<SupportAccess> {
  const { id, tenant_id: tenantId } = row;
  const isReadable = (await keys.find(tenantId)) !== null;
  const actingAs = isReadable ? await actingAsOf(keys, { id, tenantId, sealed: row.sealed_acting_as }) : null;
  const isOpen = row.state === 'asked' || row.state === 'running';
  const isMine = row.person_id === looker.personId;
  const hasAnswered = row.kind === 'consent' && row.answered_at !== null;
  return {
    id,
    tenant: { id: tenantId, name: row.tenant_name, slug: row.slug },
    person: { id: row.person_id, email: row.email },
    kind: row.kind,
    state: row.state,
    reason: isReadable ? await keys.unsealFor(tenantId, row.sealed_reason, contextOf(id, 'reason')) : null,
    actingAs,
    minutes: row.minutes,
    askedAt: isoOf(row.asked_at),
    answerUntil: row.answer_until && isoOf(row.answer_until),
    answeredAt: row.answered_at && isoOf(row.answered_at),
    answeredBy: hasAnswered ? (actingAs?.title ?? null) : null,
    endsAt: row.ends_at && isoOf(row.ends_at),
    endedAt: row.ended_at && isoOf(row.ended_at),
    endedBy: row.ended_by,
    isEntered: looker.entered === id,
    may: {
      enter: row.state === 'running' && isMine && looker.entered !== id,
      end: isOpen && (isMine || looker.mayEnd(tenantId)),
    },
  };
}
