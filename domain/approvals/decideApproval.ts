import type { Verdict } from '#contracts/approvals/approvals.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';
import { lockApproval, moveApproval, refuseOver, unknownApproval, type ApprovalRow } from './approvalRow.ts';
import { closeAskedTask } from './askedTask.ts';
import { contextOf } from './requestApproval.ts';
import { sealText, type Sealing } from './sealedRequest.ts';
import { whoMayDecide } from './whoMayDecide.ts';

/**
 * One person's word, for good. One refusal ends the request: who disagrees with the others tells them before it is asked for again.
 * Refuses with `not_found` (also to whom it does not concern), `approval_own`, `approval_decided`, `approval_over`.
 */
export async function decideApproval(
  em: Sql,
  sealing: Sealing,
  id: string,
  { verdict, note }: Verdict,
  deciderId: string,
  actor: Actor,
): Promise<void> {
  const row = await lockApproval(em, id);
  const deciders = await whoMayDecide(em, row.tenant_id);
  if (row.requester_id === deciderId)
    throw new DomainError('approval_own', 'Nobody approves what they ask for themselves: somebody else must.');
  if (!deciders.has(deciderId)) throw unknownApproval();
  refuseOver(row);
  const sealedNote = note
    ? await sealText(sealing, note, { tenantId: row.tenant_id, context: contextOf(id, `note/${deciderId}`) })
    : null;
  // Who lost the right to approve and got it back may speak again; nobody else speaks twice.
  const written = await rows(em)`
    insert into approval_decisions as decision (approval_id, user_id, verdict, sealed_note)
    values (${id}, ${deciderId}, ${verdict}, ${sealedNote}::bytea)
    on conflict (approval_id, user_id) do update
      set verdict = excluded.verdict, sealed_note = excluded.sealed_note, decided_at = now(), voided_at = null
      where decision.voided_at is not null
    returning 1`;
  if (written.length === 0) throw new DomainError('approval_decided', 'You have decided on this already.');
  if (verdict === 'refuse') {
    await moveApproval(em, row, 'refused', 'refused', actor);
    return closeAskedTask(em, id, actor);
  }
  const approvals = await countApprovals(em, row, deciders);
  const isEnough = approvals >= row.required;
  await moveApproval(em, row, isEnough ? 'approved' : 'pending', 'approved', actor, {
    approvals,
    required: row.required,
  });
  if (isEnough) await closeAskedTask(em, id, actor);
}

/** Refuses with `not_found`, `approval_over`. */
export async function withdrawApproval(em: Sql, id: string, requesterId: string, actor: Actor): Promise<void> {
  const row = await lockApproval(em, id);
  if (row.requester_id !== requesterId) throw unknownApproval();
  refuseOver(row);
  await moveApproval(em, row, 'withdrawn', 'withdrawn', actor);
  await closeAskedTask(em, id, actor);
}

/** How many approvals count: of people who may still give them. */
export async function countApprovals(em: Sql, { id }: ApprovalRow, deciders: ReadonlySet<string>): Promise<number> {
  const [counted] = await rows<{ count: number }>(em)`
    select count(*)::int as count from approval_decisions
    where approval_id = ${id} and verdict = 'approve' and voided_at is null and user_id = any(${[...deciders]}::uuid[])`;
  return counted?.count ?? 0;
}
