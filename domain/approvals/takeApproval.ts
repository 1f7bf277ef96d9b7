import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';
import { lockApproval, moveApproval, refuseOver, type ApprovalRow } from './approvalRow.ts';
import { openAskedTask } from './askedTask.ts';
import { countApprovals } from './decideApproval.ts';
import { whoMayDecide } from './whoMayDecide.ts';

export interface Use {
  approvalId: string;
  requestHash: Buffer;
  requesterId: string;
  /** By the policy as it is now. */
  required: number;
  /** Whose request it is, and its `Idempotency-Key`, where its route heeds one. */
  usedWith: string | null;
}

/** Null where the same request repeats itself under its idempotency key: it was taken then, and gets the same answer now. */
export type Taken = { approvalId: string; useId: string } | null;

/**
 * Marks an approval as used, before the act that it permits: of any number at once, one gets it. A process that dies between this and
 * the act leaves it used, and it is asked for again (or the request repeated under its idempotency key).
 * Refuses with `approval_invalid` what was approved for another request or another person, `approval_required` what too few who may
 * still approve have approved, `approval_over` what was used, refused, withdrawn or has expired.
 */
export async function takeApproval(em: Sql, use: Use, actor: Actor): Promise<Taken> {
  const outcome = await em.transactional(async (tx): Promise<Taken | DomainError> => {
    const row = await lockApproval(tx, use.approvalId).catch((error: unknown) => {
      throw error instanceof DomainError ? otherRequest() : error;
    });
    if (row.requester_id !== use.requesterId || !row.request_hash.equals(use.requestHash)) throw otherRequest();
    const isRepeated = use.usedWith !== null && row.used_with === use.usedWith;
    if (row.state === 'used' && isRepeated && row.used_lately) return null;
    refuseOver(row);
    const required = Math.max(row.required, use.required);
    const deciders = await whoMayDecide(tx, row.tenant_id);
    const approvals = await countApprovals(tx, row, deciders);
    if (approvals < required) {
      await askAgain(tx, row, required, deciders, actor);
      // Not thrown in here: that the request waits for others again must stay.
      return tooFew(row, approvals, required);
    }
    const useId = newId();
    await moveApproval(tx, row, 'used', 'used', actor, { approvals, useId });
    await rows(tx)`update approvals set use_id = ${useId}, used_with = ${use.usedWith} where id = ${row.id}`;
    return { approvalId: row.id, useId };
  });
  if (outcome instanceof DomainError) throw outcome;
  return outcome;
}

/** What was permitted was refused by its own rules and left nothing: it may be tried again while the approval lives. */
export async function giveApprovalBack(em: Sql, taken: NonNullable<Taken>, code: string, actor: Actor): Promise<void> {
  await em.transactional(async (tx) => {
    const [back] = await rows<{ tenant_id: string | null; act: string }>(tx)`
      update approvals set state = 'approved', closed_at = null, use_id = null, used_with = null
      where id = ${taken.approvalId} and state = 'used' and use_id = ${taken.useId} returning tenant_id, act`;
    if (!back) return;
    await appendEvent(
      tx,
      {
        stream: `approval:${taken.approvalId}`,
        type: 'approval.given_back',
        tenantId: back.tenant_id,
        data: { act: back.act, code, useId: taken.useId },
      },
      actor,
    );
  });
}

/** Approvals of people who may not give them any more count no more, also if they may again later. */
async function askAgain(
  em: Sql,
  row: ApprovalRow,
  required: number,
  deciders: ReadonlySet<string>,
  actor: Actor,
): Promise<void> {
  const voided = await rows(em)`
    update approval_decisions set voided_at = now()
    where approval_id = ${row.id} and voided_at is null and not user_id = any(${[...deciders]}::uuid[]) returning 1`;
  if (row.state === 'pending' && row.required === required && voided.length === 0) return;
  await rows(em)`update approvals set required = ${required} where id = ${row.id}`;
  await moveApproval(em, row, 'pending', 'reopened', actor, { required, voided: voided.length });
  await openAskedTask(em, { id: row.id, act: row.act, tenantId: row.tenant_id, required }, actor);
}

const otherRequest = (): DomainError =>
  new DomainError(
    'approval_invalid',
    'This approval is for another request, or for another person. An edited request must be asked for anew.',
  );

const tooFew = ({ id, act }: ApprovalRow, approvals: number, required: number): DomainError =>
  new DomainError('approval_required', `${approvals} of ${required} who must approve have approved.`, {
    extra: { approval: { act, required, approvalId: id } },
  });
