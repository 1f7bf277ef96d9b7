import { CancelledFailure, Context } from '@temporalio/activity';
import type { HttpStep } from '#contracts/blueprints.ts';
import { DomainError } from '#contracts/errors.ts';
import type { RunRef, StepInput } from '#contracts/workflowInputs.ts';
import { collectAnswer, openCallback } from '#domain/outside/callbacks.ts';
import {
  idempotencyIdOf,
  markReached,
  markUndone,
  prepareAct,
  prepareUndo,
  type PreparedCall,
} from '#domain/outside/outsideCalls.ts';
import { signingSecrets } from '#domain/outside/signingSecrets.ts';
import { keepOutput } from '#domain/outside/stepOutputs.ts';
import { signWebhook } from '#domain/secrets/standardWebhooks.ts';
import { guardedFetch, NoAnswer, retryAfterMs, type GuardedAnswer } from '#providers/http/guardedFetch.ts';
import { ProviderError } from '#providers/provider.ts';
import type { Deps } from '../deps.ts';

/** Shorter than the activity's own, so that an attempt that was given up is not still under way at the other side of the wire. */
const longestCallMs = 20_000;

/** A call that was taken with 202: its answer comes at a callback. */
export interface Pending {
  callbackId: string;
  seconds: number;
}

type HttpDeps = Pick<Deps, 'registry' | 'tenantKeys' | 'installation' | 'configuration'>;

/** `http.call` and `http.undo`: a signed request to the address of a step, which answers at once or later. */
export const httpSteps = (deps: HttpDeps) => ({
  async 'http.call'(input: StepInput): Promise<Pending | null> {
    const prepared = await prepareAct<HttpStep>(deps, input);
    const answer = await post(deps, prepared, { asking: input, url: prepared.spec.url });
    if (answer.pending) return answer.pending;
    const { tenantId, stepId } = prepared.call;
    await keepOutput(deps.registry.em.fork(), deps.tenantKeys, { tenantId, stepId }, jsonOf(answer.answered));
    return null;
  },

  /** Nothing is asked where nobody was reached by the act. */
  async 'http.undo'(input: StepInput): Promise<Pending | null> {
    const prepared = await prepareUndo<HttpStep>(deps, input);
    if (!prepared?.spec.undoUrl) return null;
    const answer = await post(deps, prepared, { asking: input, url: prepared.spec.undoUrl });
    if (answer.pending) return answer.pending;
    await markUndone(deps.registry.em.fork(), prepared.call);
    return null;
  },

  /** Whether the answer has come; true when it has. Refuses with `step_refused`, `answer_late`, `output_invalid`. */
  async 'http.collect'(
    ref: RunRef & { stepId: string; inputNumber: number; verb: 'act' | 'undo' },
    callbackId: string,
  ): Promise<boolean> {
    const em = deps.registry.em.fork();
    const { tenantId, stepId } = ref;
    const collected = await collectAnswer(em, deps.tenantKeys, { callbackId, tenantId });
    switch (collected.outcome) {
      case 'waiting':
        return false;
      case 'failed':
        throw new DomainError('step_refused', 'The service took the call and then answered that it failed.');
      case 'late':
        throw new DomainError('answer_late', 'The service took the call and did not answer within its time.');
      case 'done':
        if (ref.verb === 'act') await keepOutput(em, deps.tenantKeys, { tenantId, stepId }, collected.output);
        else await markUndone(em, { stepId, number: ref.inputNumber });
        return true;
    }
  },
});

export type HttpStepActivities = ReturnType<typeof httpSteps>;

type Answered = { answered: GuardedAnswer; pending: null } | { answered: null; pending: Pending };

async function post(
  deps: HttpDeps,
  { call, spec }: PreparedCall<HttpStep>,
  { asking, url }: { asking: StepInput; url: string },
): Promise<Answered> {
  const em = deps.registry.em.fork();
  const { timeoutSeconds } = spec;
  const { publicUrl, stepsToPrivateNetworks: toPrivateNetworks } = deps.configuration;
  const callback = await openCallback(em, deps.installation.keyring, {
    ...asking,
    number: call.number,
    verb: call.verb,
    execution: Number(Context.current().info.activityId),
    seconds: timeoutSeconds,
  });
  const body = JSON.stringify({
    ...call,
    callback: { url: `${publicUrl}/api/v1/callbacks/${callback.token}`, expiresAt: callback.expiresAt.toISOString() },
  });
  const signature = signWebhook(await signingSecrets(em, deps.installation), { id: idempotencyIdOf(call), body });
  const answered = await guardedFetch(
    {
      url,
      headers: { 'content-type': 'application/json', accept: 'application/json', ...signature },
      body,
      timeoutMs: Math.min(longestCallMs, timeoutSeconds * 1000),
      signal: Context.current().cancellationSignal,
      ...(call.verb === 'act' ? { reached: () => markReached(em, call) } : {}),
    },
    { toPrivateNetworks },
  ).catch(explain);
  refuseUnlessTaken(answered, new URL(url).hostname);
  if (answered.status !== 202) return { answered, pending: null };
  return { answered: null, pending: { callbackId: callback.id, seconds: timeoutSeconds } };
}

/** 429, 408, 425 and 5xx may pass; everything else that is no success is an answer for good. Never tells what the body said. */
function refuseUnlessTaken({ status, headers }: GuardedAnswer, host: string): void {
  if (status >= 200 && status < 300) return;
  if (status === 429 || status === 408 || status === 425 || status >= 500) {
    const wait = retryAfterMs(headers);
    throw new ProviderError(
      'http',
      `${host} did not take the call (${status}).`,
      wait === null ? {} : { retryAfterMs: wait },
    );
  }
  throw new DomainError('step_refused', `${host} refused the call for good (${status}).`);
}

function explain(error: unknown): never {
  if (Context.current().cancellationSignal.aborted)
    throw new CancelledFailure('the call was cancelled', [], error as Error);
  if (!(error instanceof NoAnswer)) throw error;
  const { host, why } = error;
  switch (why) {
    case 'address_forbidden':
      throw new DomainError('step_refused', `${host} is an address of this network, which steps may not call.`, {
        cause: error,
      });
    case 'answer_too_large':
      throw new DomainError('output_invalid', `${host} answered with more than 256 kB.`, { cause: error });
    case 'name_unknown':
      throw new ProviderError('http', `Nobody knows the host ${host}.`, { cause: error });
    case 'unreachable':
      throw new ProviderError('http', `Nobody answers at ${host}.`, { cause: error });
    case 'timeout':
      throw new ProviderError('http', `${host} did not answer within its time.`, { cause: error });
  }
}

/** An empty answer is one that tells nothing. */
function jsonOf({ text }: GuardedAnswer): unknown {
  if (text.trim() === '') return null;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DomainError('output_invalid', 'The answer is no JSON.', { cause: error });
  }
}
