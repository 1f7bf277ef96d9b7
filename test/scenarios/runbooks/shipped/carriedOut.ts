import assert from 'node:assert/strict';
import { runIsOver } from '#contracts/runStates.ts';
import type { Execution, ExecutionStep } from '#contracts/runbooks/executions.ts';
import { shippedRunbooks } from '#domain/runbooks/shipped/shippedRunbooks.ts';
import type { RunbookWorld } from '../runbookWorld.ts';

/** What a person does where a step waits: by hand, or to a step that asks for a decision. What it returns is told to the step. */
export type Deed = (step: ExecutionStep, execution: Execution) => Promise<object | void> | object | void;

interface Wanted {
  inputs?: Record<string, unknown>;
  practice?: boolean;
  /** By step. A manual step that is not named is simply done. */
  deeds?: Record<string, Deed>;
}

/** A shipped runbook from its start to its end, with people who do what it asks, and another one who agrees. */
export async function carriedOut(
  world: RunbookWorld,
  name: string,
  { inputs = {}, practice = false, deeds = {} }: Wanted = {},
): Promise<Execution> {
  const { steps, ...head } = shippedRunbooks[name]!;
  const runId = await world.start(
    await world.written(steps as object[], head),
    { inputs },
    practice ? 'practice' : 'executions',
  );
  for (;;) {
    const execution = await world.api.installation.until(
      `${name} to end, or to wait for a person`,
      90_000,
      async () => {
        const now = await world.read(runId);
        return runIsOver(now.state) || waiting(now) ? now : null;
      },
    );
    if (runIsOver(execution.state)) return execution;
    await answer(world, execution, waiting(execution)!, deeds);
  }
}

/** What was told already, and is not taken into account yet, waits for nobody. */
const waiting = ({ steps }: Execution): ExecutionStep | undefined =>
  steps.find(
    ({ waitsFor, may, approval }) =>
      (waitsFor === 'person' && may.complete) ||
      (waitsFor === 'decision' && may.decide.length > 0) ||
      (waitsFor === 'approval' && approval?.given.length === 0),
  );

async function answer(
  world: RunbookWorld,
  execution: Execution,
  step: ExecutionStep,
  deeds: Record<string, Deed>,
): Promise<void> {
  const done = (await deeds[step.key]?.(step, execution)) ?? {};
  for (;;) {
    // What runs side by side moves on meanwhile.
    const { status, body, text } = await tell(world, await world.read(execution.runId), step, done);
    if (status === 202) return;
    assert.equal(body.code, 'run_moved_on', text);
  }
}

async function tell(world: RunbookWorld, execution: Execution, step: ExecutionStep, done: object) {
  const { version, boundTo } = execution;
  switch (step.waitsFor) {
    case 'approval': {
      const { cookie } = await world.person();
      return world.tell(execution, step.key, 'verdict', { boundTo, verdict: 'approve' }, cookie);
    }
    case 'person':
      assert.doesNotMatch(step.instructions + (step.message ?? ''), /\{\{/, `${step.key} speaks of what is not known`);
      return world.tell(execution, step.key, 'completion', { version, outcome: 'done', ...done });
    default:
      assert.ok('decision' in done, `${step.key} asks: ${step.reasonCode} ${step.reason}`);
      return world.decide(execution, step.key, done);
  }
}

export const outputOf = ({ steps }: Execution, key: string): Record<string, unknown> =>
  steps.find((one) => one.key === key)?.output ?? {};

export const ended = (execution: Execution, state: Execution['state'] = 'succeeded'): void =>
  assert.equal(
    execution.state,
    state,
    JSON.stringify(execution.steps.map(({ key, state: at, reason }) => [key, at, reason])),
  );
