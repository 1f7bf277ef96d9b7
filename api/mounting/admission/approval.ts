import type { Request } from 'express';
import { approvalHeader } from '#contracts/approvals/approvals.ts';
import { DomainError, type ErrorCode } from '#contracts/errors.ts';
import { requestHashOf } from '#domain/approvals/requestHash.ts';
import { giveApprovalBack, takeApproval, type Taken } from '#domain/approvals/takeApproval.ts';
import { countApproval } from '#observability/metrics.ts';
import type { ApiContext } from '../../context.ts';
import { statuses } from '../../http/problems.ts';
import type { Route } from '../../route.ts';
import type { Deadline } from '../deadline.ts';
import type { Admitted } from './admit.ts';
import { exactOf, requiredFor } from './judge.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

interface Asked {
  request: Request;
  admitted: Admitted;
  deadline: Deadline;
}

/**
 * Lets a dangerous act happen that needs no approval, or has it: an approval is marked as used before the act, and given back when the
 * act is refused by its own rules. An act that ends without a meaning (an outage, a killed process) may have happened, so its approval
 * stays used. Refuses with `approval_required`, `approval_invalid`, `approval_over`.
 */
export async function withApproval(
  route: Route,
  { request, admitted, deadline }: Asked,
  { platform }: ApiContext,
  act: () => Promise<void>,
): Promise<void> {
  if (!route.approval) return act();
  const em = platform.registry.em.fork();
  const required = await deadline.hold(requiredFor(route, admitted, em));
  if (required === 0) return act();
  const dangerous = typeof route.approval === 'string' ? route.approval : route.approval.act;
  const header = request.get(approvalHeader)?.toLowerCase();
  const requesterId = admitted.actor.userId;
  if (header === undefined || requesterId === null)
    throw new DomainError(
      'approval_required',
      `${required === 1 ? 'Another person' : `${required} other people`} must approve this first.`,
      { extra: { approval: { act: dangerous, required } } },
    );
  if (!uuid.test(header))
    throw new DomainError('approval_invalid', `The header ${approvalHeader} must be the id of an approval.`);

  const exact = await deadline.hold(exactOf(route, admitted, em));
  const taking = takeApproval(
    em,
    {
      approvalId: header,
      requestHash: requestHashOf(exact, requesterId),
      requesterId,
      required,
      usedWith: repetitionOf(route, request, admitted),
    },
    admitted.actor,
  );
  const taken = await deadline.hold(taking).catch((error: unknown) => {
    // Taken too late for anything to happen by it.
    void taking.then((late) => late && giveBack(late, 'dependency_down')).catch(() => undefined);
    throw error;
  });
  if (taken === null) return act();
  countApproval(dangerous, 'used');
  await act().catch(async (error: unknown) => {
    // Carried out by another request with the same idempotency key, it was not refused.
    const isRefused =
      error instanceof DomainError && statuses[error.code] < 500 && error.code !== 'idempotency_in_flight';
    if (isRefused) await giveBack(taken, error.code);
    throw error;
  });

  async function giveBack(taken: NonNullable<Taken>, code: ErrorCode): Promise<void> {
    await giveApprovalBack(platform.registry.em.fork(), taken, code, admitted.actor);
    countApproval(dangerous, 'given_back');
  }
}

/** By what a repetition of this request is known, to its own caller: another key of the same person repeats nothing. */
function repetitionOf(route: Route, request: Request, { actor }: Admitted): string | null {
  const key = route.idempotent ? request.get('Idempotency-Key') : undefined;
  return key === undefined ? null : `${actor.keyId ?? actor.userId} ${key}`;
}
