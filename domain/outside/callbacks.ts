import { v7 as newId } from 'uuid';
import type { HttpStep } from '#contracts/blueprints.ts';
import type { CallbackAnswer } from '#contracts/outside/callbacks.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import type { Keyring } from '../secrets/keyring.ts';
import type { TenantKeys } from '../secrets/tenantKeys.ts';
import { hashOfToken, newToken, tokenIsWellFormed } from '../secrets/tokens.ts';
import { json, rows } from '../sql.ts';
import type { OutsideCall } from './outsideCalls.ts';
import { checkOutput } from './stepOutputs.ts';

export interface Callback {
  id: string;
  /** In the call and nowhere else: the registry keeps its digest, and a repeated call is given the same one. */
  token: string;
  expiresAt: Date;
}

/** Where the answer to this call may come later, until its time is over. An execution has one, however often it is attempted. */
export async function openCallback(
  em: Sql,
  keyring: Keyring,
  asked: Pick<OutsideCall, 'runId' | 'stepId' | 'number' | 'verb'> & { execution: number; seconds: number },
): Promise<Callback> {
  const { runId, stepId, number, verb, execution, seconds } = asked;
  const token = newToken('callback', keyring.callbackSecret(`${stepId}/${number}/${verb}/${execution}`));
  const [opened] = await rows<{ id: string; expires_at: Date }>(em)`
    insert into step_callbacks (id, run_id, step_id, number, verb, execution, token_hash, expires_at)
    values (${newId()}, ${runId}, ${stepId}, ${number}, ${verb}, ${execution}, ${hashOfToken(token)},
            now() + make_interval(secs => ${seconds}))
    on conflict (step_id, number, verb, execution) do update set number = excluded.number
    returning id, expires_at`;
  if (!opened) throw new Error('a callback was not opened');
  return { id: opened.id, token, expiresAt: new Date(opened.expires_at) };
}

/**
 * Takes the one answer to a call, as its token permits. An output that does not fit the step's schema is refused and may be sent
 * again. Refuses with `not_found`, `callback_answered`, `callback_over`, `output_invalid`.
 *
 * @returns which workflow waits for it
 */
export async function takeAnswer(
  em: Sql,
  keys: TenantKeys,
  token: string,
  answer: CallbackAnswer,
): Promise<{ callbackId: string; workflowId: string }> {
  const [found] = tokenIsWellFormed('callback', token)
    ? await rows<{
        id: string;
        verb: OutsideCall['verb'];
        workflow_id: string;
        tenant_id: string;
        spec: HttpStep;
        answered: boolean;
        over: boolean;
      }>(em)`
        select c.id, c.verb, r.workflow_id, r.tenant_id, s.spec, c.answered_at is not null as answered,
          c.expires_at <= now() or s.state not in ('running', 'waiting', 'undoing')
            or r.state in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention') as over
        from step_callbacks c join run_steps s on s.id = c.step_id join runs r on r.id = c.run_id
        where c.token_hash = ${hashOfToken(token)} for update of c`
    : [];
  if (!found) throw new DomainError('not_found', 'Nothing waits for an answer at this address.');
  if (found.answered) throw new DomainError('callback_answered', 'The answer was given already.');
  if (found.over) throw new DomainError('callback_over', 'The step does not wait for this answer any more.');
  const output = answer.outcome === 'done' ? (answer.output ?? null) : null;
  if (answer.outcome === 'done' && found.verb === 'act') checkOutput(found.spec, output);
  const sealed = await keys.sealFor(found.tenant_id, json(output), contextOf(found.id));
  await rows(em)`
    update step_callbacks set answered_at = now(), outcome = ${answer.outcome}, sealed_output = ${sealed} where id = ${found.id}`;
  return { callbackId: found.id, workflowId: found.workflow_id };
}

export type Collected = { outcome: 'waiting' | 'failed' | 'late' } | { outcome: 'done'; output: unknown };

/** What has come of a callback. From its end on nothing is taken any more, so `late` stays late. */
export async function collectAnswer(
  em: Sql,
  keys: TenantKeys,
  { callbackId, tenantId }: { callbackId: string; tenantId: string },
): Promise<Collected> {
  const [found] = await rows<{ outcome: 'done' | 'failed' | null; sealed_output: Buffer | null; over: boolean }>(em)`
    select outcome, sealed_output, expires_at <= now() as over from step_callbacks where id = ${callbackId}`;
  if (!found) throw new Error(`there is no callback ${callbackId}`);
  if (found.outcome === 'done' && found.sealed_output)
    return {
      outcome: 'done',
      output: JSON.parse(await keys.unsealFor(tenantId, found.sealed_output, contextOf(callbackId))) as unknown,
    };
  if (found.outcome === 'failed') return { outcome: 'failed' };
  return { outcome: found.over ? 'late' : 'waiting' };
}

const contextOf = (callbackId: string): string => `callback/${callbackId}`;
