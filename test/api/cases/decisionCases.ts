import assert from 'node:assert/strict';
import { DomainError } from '#contracts/errors.ts';
import type { Run } from '#contracts/runs.ts';
import type { OperationId, Request, RouteCase, World } from './routeCases.ts';

type DecisionOperation = Extract<
  OperationId,
  | 'decideRun'
  | 'decideParkedRuns'
  | 'pauseRun'
  | 'resumeRun'
  | 'setRunBreakpoint'
  | 'readStepInput'
  | 'pauseProvisioning'
  | 'closeCircuit'
>;

/** A success for every route by which people decide what runs do. */
export function decisionCases(world: World): Record<DecisionOperation, RouteCase> {
  const runOf = ({ body }: { body: Record<string, unknown> }) => body as unknown as Run;
  const isOver = async (runId: string, state: Run['state']) =>
    assert.equal((await world.api.installation.runIsOver(runId)).state, state);

  /** A run whose bucket could not be made, and that waits for a person. */
  const parked = async (name: string): Promise<Run> => {
    world.stepIn = async ({ at }) => {
      if (at === 'storage.ensure') throw new DomainError('resource_conflict', 'Something is in the way.');
    };
    const { runId } = await world.api.installation.createTenant({ name, plan: 'patient' });
    const run = await world.api.installation.runIs('waiting', runId);
    world.stepIn = async () => undefined;
    return run;
  };
  /** A run that is in the middle of its first step until `goOn`. */
  let goOn = () => undefined as void;
  const underWay = async (name: string): Promise<Run> => {
    const released = new Promise<void>((resolve) => (goOn = resolve));
    world.stepIn = async ({ at, when }) => {
      if (at === 'database.ensure' && when === 'before') await released;
    };
    const { runId } = await world.api.installation.createTenant({ name });
    return world.api.installation.runIs('running', runId);
  };

  return {
    decideRun: {
      async succeeds(): Promise<Request> {
        const { id, version } = await parked('Decided');
        return { params: { runId: id }, body: { version, decision: 'retry' } };
      },
      async shows(answer) {
        const [decision] = runOf(answer).decisions;
        assert.equal(decision?.decision, 'retry');
        assert.equal(typeof decision?.decidedBy, 'string');
        await isOver(runOf(answer).id, 'succeeded');
      },
    },
    decideParkedRuns: {
      async succeeds() {
        await parked('Decided with others');
        return { body: { decision: 'roll_back', where: { reasonCode: 'resource_conflict', provider: 'storage' } } };
      },
      shows: ({ body }) => assert.deepEqual(body, { decided: 1, refused: 0, left: 0 }),
    },
    pauseRun: {
      succeeds: async () => ({ params: { runId: (await underWay('To be paused')).id } }),
      async shows(answer) {
        assert.ok(runOf(answer).pauseRequestedAt);
        goOn();
        const { id, version } = await world.api.installation.runIs('paused', runOf(answer).id);
        await world.api.ask('POST', `/api/v1/runs/${id}/decisions`, { body: { version, decision: 'continue' } });
        await isOver(id, 'succeeded');
      },
    },
    resumeRun: {
      async succeeds() {
        const { id } = await underWay('To be resumed');
        await world.api.ask('POST', `/api/v1/runs/${id}/pause`, { body: {} });
        return { params: { runId: id } };
      },
      async shows(answer) {
        assert.equal(runOf(answer).pauseRequestedAt, null);
        goOn();
        await isOver(runOf(answer).id, 'succeeded');
      },
    },
    setRunBreakpoint: {
      async succeeds() {
        const { id, steps } = await underWay('To be broken');
        const stepId = steps.find(({ provider }) => provider === 'storage')?.id ?? '';
        return { params: { runId: id, stepId }, body: { on: true } };
      },
      async shows(answer) {
        assert.equal(runOf(answer).steps.find(({ breakpoint }) => breakpoint)?.provider, 'storage');
        goOn();
        const { id } = await world.api.installation.runIs('paused', runOf(answer).id);
        await world.api.installation.decide(id, 'roll_back');
        await isOver(id, 'rolled_back');
      },
    },
    readStepInput: {
      async succeeds() {
        const { id, steps } = await parked('With an input');
        const stepId = steps.find(({ provider }) => provider === 'storage')?.id ?? '';
        const spec = { inputSchema: { type: 'object' } };
        await world.api.installation.asAdmin(null, `update run_steps set kind = 'http', spec = $2 where id = $1`, [
          stepId,
          spec,
        ]);
        return { params: { runId: id, stepId } };
      },
      shows: ({ body }) => assert.deepEqual(body, { number: 1, input: null, inputSchema: { type: 'object' } }),
    },
    pauseProvisioning: {
      succeeds: async () => ({ body: { paused: true, reason: 'Storage is being moved.' } }),
      async shows({ body }) {
        assert.equal((body['paused'] as { reason: string }).reason, 'Storage is being moved.');
        const resumed = await world.api.ask('POST', '/api/v1/platform/provisioning', { body: { paused: false } });
        assert.deepEqual(resumed.body, { paused: null, circuits: [] });
      },
    },
    closeCircuit: {
      async succeeds() {
        await world.api.installation.asAdmin(
          null,
          `insert into circuits (provider, state, opened_at, retry_at) values ('mainframe', 'open', now(), now() + interval '1 hour')`,
        );
        return { params: { provider: 'mainframe' } };
      },
      shows: ({ body }) => assert.deepEqual(body, { paused: null, circuits: [] }),
    },
  };
}
