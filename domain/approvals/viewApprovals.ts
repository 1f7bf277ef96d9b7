import { sql } from 'kysely';
import type { DangerousAct } from '#contracts/approvals/acts.ts';
import type { Approval, ApprovalPage, ApprovalQuery, ApprovalState } from '#contracts/approvals/approvals.ts';
import { readCursor, writeCursor } from '../cursors.ts';
import type { Sql } from '../database.ts';
import type { Reach } from '../access/grants.ts';
import { withinReach } from '../access/withinReach.ts';
import { rows } from '../sql.ts';
import { unknownApproval } from './approvalRow.ts';
import { contextOf } from './requestApproval.ts';
import { unsealText, type Sealing } from './sealedRequest.ts';
import { whoMayDecide } from './whoMayDecide.ts';

/** Who looks, and whose requests they may see and decide upon besides their own. */
export interface Onlooker {
  userId: string;
  /** Which of their own requests: by an API key for one tenant, those about that tenant. */
  asks: Reach;
  reads: Reach;
  decides: Reach;
}

const openNow = sql`a.state in ('pending', 'approved') and a.expires_at > now()`;

/** Waiting for this person: asked by somebody else, not decided by them, and not approved by enough. */
const toDecide = ({ userId, decides }: Pick<Onlooker, 'userId' | 'decides'>) => sql`
  a.state = 'pending' and a.expires_at > now() and a.requester_id <> ${userId}
  and not exists (select 1 from approval_decisions d where d.approval_id = a.id and d.user_id = ${userId} and d.voided_at is null)
  and ${withinReach(decides, sql`a.tenant_id`)}`;

const isTheirs = ({ userId, asks }: Onlooker) =>
  sql`(a.requester_id = ${userId} and ${withinReach(asks, sql`a.tenant_id`)})`;

const viewsOf = (onlooker: Onlooker) => ({
  to_decide: toDecide(onlooker),
  mine: isTheirs(onlooker),
  decided: sql`not (${openNow}) and (${isTheirs(onlooker)} or ${withinReach(onlooker.reads, sql`a.tenant_id`)})`,
});

/** Newest first. */
export async function listApprovals(
  em: Sql,
  sealing: Sealing,
  { view, cursor, limit }: ApprovalQuery,
  onlooker: Onlooker,
): Promise<ApprovalPage> {
  const after = cursor ? readCursor(cursor, 'time') : null;
  const found = await rows<{ id: string }>(em)`
    select a.id from approvals a
    where ${viewsOf(onlooker)[view]}
      and ${after ? sql`(a.created_at, a.id) < (${after.value}::timestamptz, ${after.id}::uuid)` : sql`true`}
    order by a.created_at desc, a.id desc limit ${limit + 1}`;
  const ids = found.slice(0, limit).map(({ id }) => id);
  const items = await viewApprovals(em, sealing, ids, onlooker.userId);
  const last = items.at(-1);
  return { items, nextCursor: last && found.length > limit ? writeCursor(last.createdAt, last.id) : null };
}

export async function countToDecide(em: Sql, onlooker: Pick<Onlooker, 'userId' | 'decides'>): Promise<number> {
  const [counted] = await rows<{ count: number }>(em)`
    select count(*)::int as count from approvals a where ${toDecide(onlooker)}`;
  return counted?.count ?? 0;
}

/** Refuses with `not_found`, also what is there and does not concern who looks. */
export async function readApproval(em: Sql, sealing: Sealing, id: string, onlooker: Onlooker): Promise<Approval> {
  const found = await rows(em)`
    select 1 from approvals a where a.id = ${id} and (${isTheirs(onlooker)}
      or ${withinReach(onlooker.reads, sql`a.tenant_id`)} or ${withinReach(onlooker.decides, sql`a.tenant_id`)})`;
  const [approval] = found.length > 0 ? await viewApprovals(em, sealing, [id], onlooker.userId) : [];
  if (!approval) throw unknownApproval();
  return approval;
}

interface Row {
  id: string;
  act: DangerousAct;
  operation: string;
  summary: string;
  request_hash: Buffer;
  sealed_request: Buffer;
  sealed_reason: Buffer;
  tenant_id: string | null;
  tenant_name: string | null;
  slug: string | null;
  requester_id: string;
  email: string;
  required: number;
  state: ApprovalState;
  created_at: string;
  expires_at: string;
  closed_at: string | null;
}

async function viewApprovals(em: Sql, sealing: Sealing, ids: string[], userId: string): Promise<Approval[]> {
  const found = await rows<Row>(em)`
    select a.id, a.act, a.operation, a.summary, a.request_hash, a.sealed_request, a.sealed_reason, a.tenant_id, t.name as tenant_name,
           address.slug, a.requester_id, u.email, a.required, a.created_at, a.expires_at, a.closed_at,
           case when a.state in ('pending', 'approved') and a.expires_at <= now() then 'expired' else a.state end as state
    from approvals a join users u on u.id = a.requester_id and u.tenant_id is null left join tenants t on t.id = a.tenant_id
    left join lateral (
      select slug from tenant_addresses where tenant_id = t.id order by (state = 'current') desc, created_at desc limit 1
    ) address on true
    where a.id = any(${ids}::uuid[]) order by a.created_at desc, a.id desc`;
  const decisions = await decisionsOf(em, ids);
  const decidersOf = new Map<string | null, ReadonlySet<string>>();
  for (const { tenant_id: tenantId } of found)
    if (!decidersOf.has(tenantId)) decidersOf.set(tenantId, await whoMayDecide(em, tenantId));
  return Promise.all(
    found.map(async (row) => {
      const deciders = decidersOf.get(row.tenant_id) ?? new Set();
      const all = (decisions.get(row.id) ?? []).map((one) => ({
        ...one,
        isVoid: one.isVoid || (row.state !== 'used' && !deciders.has(one.userId)),
      }));
      const approvals = all.filter(({ verdict, isVoid }) => verdict === 'approve' && !isVoid).length;
      const isOpen = row.state === 'pending' || row.state === 'approved';
      const isMine = row.requester_id === userId;
      const open = (sealed: Buffer, what: string) =>
        unsealText(sealing, sealed, { tenantId: row.tenant_id, context: contextOf(row.id, what) });
      const request = await open(row.sealed_request, 'request');
      return {
        id: row.id,
        act: row.act,
        operation: row.operation,
        summary: row.summary,
        request: request === null ? null : (JSON.parse(request) as Approval['request']),
        requestHash: row.request_hash.toString('hex'),
        reason: await open(row.sealed_reason, 'reason'),
        tenant:
          row.tenant_id && row.tenant_name !== null
            ? { id: row.tenant_id, name: row.tenant_name, slug: row.slug }
            : null,
        requester: { id: row.requester_id, email: row.email },
        state: row.state,
        required: row.required,
        approvals,
        decisions: await Promise.all(
          all.map(async ({ userId: by, email, sealedNote, verdict, decidedAt, isVoid }) => ({
            by: { id: by, email },
            verdict,
            note: sealedNote && (await open(sealedNote, `note/${by}`)),
            decidedAt,
            isVoid,
          })),
        ),
        createdAt: new Date(row.created_at).toISOString(),
        expiresAt: new Date(row.expires_at).toISOString(),
        closedAt: row.closed_at && new Date(row.closed_at).toISOString(),
        may: {
          decide: isOpen && !isMine && deciders.has(userId) && !all.some((one) => one.userId === userId && !one.isVoid),
          withdraw: isOpen && isMine,
          use: row.state === 'approved' && isMine && approvals >= row.required,
        },
      };
    }),
  );
}

interface DecisionMade {
  userId: string;
  email: string;
  verdict: 'approve' | 'refuse';
  sealedNote: Buffer | null;
  decidedAt: string;
  isVoid: boolean;
}

async function decisionsOf(em: Sql, ids: string[]): Promise<Map<string, DecisionMade[]>> {
  const found = await rows<{
    approval_id: string;
    user_id: string;
    email: string;
    verdict: 'approve' | 'refuse';
    sealed_note: Buffer | null;
    decided_at: string;
    is_void: boolean;
  }>(em)`
    select d.approval_id, d.user_id, u.email, d.verdict, d.sealed_note, d.decided_at, d.voided_at is not null as is_void
    from approval_decisions d join users u on u.id = d.user_id and u.tenant_id is null
    where d.approval_id = any(${ids}::uuid[]) order by d.decided_at`;
  return Map.groupBy(
    found.map((row) => ({
      approvalId: row.approval_id,
      userId: row.user_id,
      email: row.email,
      verdict: row.verdict,
      sealedNote: row.sealed_note,
      decidedAt: new Date(row.decided_at).toISOString(),
      isVoid: row.is_void,
    })),
    ({ approvalId }) => approvalId,
  );
}
