import { v7 as newId } from 'uuid';
import type { DangerousAct } from '#contracts/approvals/acts.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { json, rows } from '../sql.ts';
import { openAskedTask } from './askedTask.ts';
import { policyOf } from './policies.ts';
import { requestHashOf, type ExactRequest } from './requestHash.ts';
import { sealText, type Sealing } from './sealedRequest.ts';

export interface ApprovalToRequest {
  act: DangerousAct;
  operation: string;
  /** What its route does. */
  summary: string;
  /** As its schemas understood it: what the approval is bound to. */
  exact: ExactRequest;
  /** As it was sent, to be shown and sent again. */
  asSent: { method: string; path: string; body: unknown };
  tenantId: string | null;
  reason: string;
  required: number;
}

/** More than anybody can look through is no careful asking. */
const mostOpenEach = 50;

/**
 * Asks others to approve one exact request of this person. The same request that is still open is not asked for twice: it is answered
 * with the one that there is. Refuses with `too_many_requests`.
 */
export async function requestApproval(
  em: Sql,
  sealing: Sealing,
  wanted: ApprovalToRequest,
  requesterId: string,
  actor: Actor,
): Promise<string> {
  const { act, operation, summary, tenantId, required } = wanted;
  const hash = requestHashOf(wanted.exact, requesterId);
  await rows(em)`select pg_advisory_xact_lock(hashtextextended(${`approvals of ${requesterId}`}, 0))`;
  const open = await rows<{ id: string; same: boolean }>(em)`
    select id, request_hash = ${hash} as same from approvals
    where requester_id = ${requesterId} and state in ('pending', 'approved') and expires_at > now()`;
  const same = open.find((one) => one.same);
  if (same) return same.id;
  if (open.length >= mostOpenEach)
    throw new DomainError('too_many_requests', `${mostOpenEach} of your requests are open already; withdraw some.`);

  const id = newId();
  const { hours } = await policyOf(em, act);
  await rows(em)`
    insert into approvals (id, act, operation, summary, request_hash, sealed_request, sealed_reason,
      tenant_id, requester_id, required, expires_at)
    values (${id}, ${act}, ${operation}, ${summary}, ${hash},
            ${await sealText(sealing, json(wanted.asSent), { tenantId, context: contextOf(id, 'request') })},
            ${await sealText(sealing, wanted.reason, { tenantId, context: contextOf(id, 'reason') })},
            ${tenantId}, ${requesterId}, ${required}, now() + make_interval(hours => ${hours}::int))`;
  await appendEvent(
    em,
    {
      stream: `approval:${id}`,
      type: 'approval.requested',
      tenantId,
      data: { act, operation, required, hours, requestHash: hash.toString('hex') },
    },
    actor,
  );
  await openAskedTask(em, { id, act, tenantId, required }, actor);
  return id;
}

export const contextOf = (id: string, what: string): string => `approval/${id}/${what}`;
