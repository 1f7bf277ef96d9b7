import {
  condition,
  defineSignal,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  type ActivityOptions,
} from '@temporalio/workflow';
import type { HttpStepActivities, Pending } from '#activities/outside/httpSteps.ts';
import { callbackSignal, type PlannedStep, type RunInput, type StepInput } from '#contracts/workflowInputs.ts';
import { REPORT } from './policies.ts';

const { 'http.collect': collect } = proxyLocalActivities<HttpStepActivities>(REPORT);
const callbackAnswered = defineSignal<[callbackId: string]>(callbackSignal);

const firstLookMs = 5_000;
const longestPauseMs = 600_000;

/** One call of an http step, forth or back: it is over when the service has answered, at once or at its callback. */
export async function callService(
  run: RunInput,
  planned: PlannedStep,
  { verb, input, options }: { verb: 'act' | 'undo'; input: StepInput; options: ActivityOptions },
): Promise<void> {
  const http = proxyActivities<HttpStepActivities>({ ...options, summary: planned.title });
  const pending = await (verb === 'act' ? http['http.call'](input) : http['http.undo'](input));
  if (pending) await answered(run, planned, { verb, inputNumber: input.inputNumber ?? 1 }, pending);
}

/** The row tells; the signal only says that it is worth a look, and looking anyhow makes up for one that was lost. */
async function answered(
  { runId, tenantId, epoch }: RunInput,
  planned: PlannedStep,
  which: { verb: 'act' | 'undo'; inputNumber: number },
  { callbackId, seconds }: Pending,
): Promise<void> {
  let told = false;
  setHandler(callbackAnswered, (id) => void (told ||= id === callbackId));
  const overAt = Date.now() + seconds * 1000;
  for (let pauseMs = firstLookMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    if (await collect({ runId, tenantId, epoch, stepId: planned.id, ...which }, callbackId)) return;
    await condition(() => told, Math.min(pauseMs, Math.max(overAt - Date.now(), 0) + 1_000));
    told = false;
  }
}
