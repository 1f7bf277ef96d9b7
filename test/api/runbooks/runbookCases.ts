import assert from 'node:assert/strict';
import type { runbookRoutes } from '#api/routeTable/runbooks.ts';
import { manual, RunbookWorld, sql } from '#test/scenarios/runbooks/runbookWorld.ts';
import type { Answer } from '../apiInstallation.ts';
import type { Request, RouteCase, World } from '../cases/routeCases.ts';

/** A success for every route about runbooks. */
export function runbookCases(world: World): Record<keyof typeof runbookRoutes, RouteCase> {
  const books = () => new RunbookWorld(world.api);
  const is = (expected: object) => (answer: Answer) =>
    assert.partialDeepStrictEqual(answer.body, expected as Record<string, unknown>);
  const bySql = [sql('ask')];
  const named = async (): Promise<Request> => ({ params: { name: await books().written(bySql) } });

  /** An execution that waits at this step, and how it is asked about it. */
  async function waitsAt(
    step: object,
    what: string,
  ): Promise<{ runId: string; stepId: string; version: number; boundTo: string }> {
    const key = (step as { id: string }).id;
    const runId = await books().start(await books().written([step]));
    const { execution, step: waiting } = await books().waits(runId, key, what);
    return { runId, stepId: waiting.id, version: execution.version, boundTo: execution.boundTo };
  }
  const ofWaiting = async (): Promise<Request> => {
    const { runId } = await waitsAt(manual('do'), 'person');
    return { params: { runId } };
  };
  const succeeds = async (answer: Answer): Promise<void> => {
    const { state } = await world.api.installation.runIsOver(String(answer.body['runId']));
    assert.equal(state, 'succeeded');
  };
  const events = (text: string) => text.split('\n\n').filter((event) => event.startsWith('event: execution'));

  return {
    listRunbooks: {
      succeeds: async () => (await named(), {}),
      shows: ({ body }) => assert.ok((body['items'] as unknown[]).length > 0),
    },
    readRunbook: { succeeds: named, shows: is({ latest: { version: 1, origin: 'written' }, findings: [] }) },
    readRunbookVersion: {
      succeeds: async () => ({ params: { ...(await named()).params, version: '1' } }),
      shows: is({ version: 1, definition: { steps: [{ id: 'ask', skippable: true }] } }),
    },
    createRunbookVersion: {
      succeeds: async () => ({
        ...(await named()),
        body: { baseVersion: 1, definition: { title: 'Second', steps: bySql } },
      }),
      shows: is({ version: 2, definition: { title: 'Second' } }),
    },
    checkRunbook: {
      succeeds: async () => ({
        body: { definition: { title: 'Checked', steps: [sql('ask', { query: 'delete from runs' })] } },
      }),
      shows: is({ valid: false, findings: [{ code: 'sql_not_reading', path: 'steps.0.query' }] }),
    },
    diffRunbookVersions: {
      async succeeds() {
        const name = await books().written(bySql);
        await books().write(name, [sql('ask', { title: 'Asked' }), sql('more')], {}, 1);
        return { params: { name } };
      },
      shows: is({
        changes: [
          { path: 'steps.ask.title', kind: 'changed' },
          { path: 'steps.more', kind: 'added' },
        ],
      }),
    },
    readRunbookCatalogue: {
      succeeds: async () => ({}),
      shows: ({ body }) =>
        assert.ok((body['actions'] as { name: string }[]).some(({ name }) => name === 'provisioning.pause')),
    },
    startRunbook: { succeeds: async () => ({ ...(await named()), body: {} }), shows: succeeds },
    practiseRunbook: { succeeds: async () => ({ ...(await named()), body: {} }), shows: succeeds },
    listRunbookPractice: {
      succeeds: async () => (await named(), {}),
      shows: ({ body }) =>
        assert.partialDeepStrictEqual((body['items'] as object[]).at(-1), { enabled: true, everyDays: 30 }),
    },
    updateRunbookPractice: {
      succeeds: async () => ({ ...(await named()), body: { everyDays: 7, enabled: false } }),
      shows: is({ everyDays: 7, enabled: false, nextAt: null }),
    },
    listRunbookExecutions: {
      succeeds: async () => (await ofWaiting(), {}),
      shows: ({ body }) => assert.ok((body['items'] as unknown[]).length > 0),
    },
    readRunbookExecution: {
      succeeds: ofWaiting,
      shows: is({ state: 'waiting', steps: [{ may: { complete: true } }] }),
    },
    followRunbookExecution: {
      async succeeds() {
        const runId = await books().start(await books().written(bySql));
        await world.api.installation.runIsOver(runId);
        return { params: { runId } };
      },
      shows: ({ text }) => assert.match(events(text).at(-1)!, /"state":"succeeded"/),
    },
    readRunbookReport: { succeeds: ofWaiting, shows: ({ text }) => assert.match(text, /^# Book/) },
    decideRunbookStep: {
      async succeeds() {
        const { version, ...params } = await waitsAt(manual('do'), 'person');
        const { runId, stepId } = params;
        return { params: { runId, stepId }, body: { version, decision: 'skip', reason: 'It was done' } };
      },
      shows: succeeds,
    },
    completeRunbookStep: {
      async succeeds() {
        const { version, runId, stepId } = await waitsAt(manual('do'), 'person');
        return { params: { runId, stepId }, body: { version, outcome: 'done' } };
      },
      shows: succeeds,
    },
    approveRunbookStep: {
      async succeeds() {
        const step = { kind: 'approval', id: 'agree', title: 'Agree', required: 1, notByStarter: false };
        const { runId, stepId, boundTo } = await waitsAt(step, 'approval');
        return { params: { runId, stepId }, body: { boundTo, verdict: 'approve' } };
      },
      shows: succeeds,
    },
    pauseRunbookExecution: {
      succeeds: async () => ({ ...(await ofWaiting()), body: { reason: 'Lunch' } }),
      shows: is({ pauseRequested: true, may: { pause: false, resume: true } }),
    },
    resumeRunbookExecution: {
      async succeeds() {
        const { params } = await ofWaiting();
        await world.api.ask('POST', `/api/v1/runbook-executions/${params!['runId']}/pause`, { body: {} });
        return { params: params!, body: {} };
      },
      shows: is({ pauseRequested: false }),
    },
    noteOnRunbookExecution: {
      succeeds: async () => ({ ...(await ofWaiting()), body: { note: 'The provider was told' } }),
      shows: ({ body }) => assert.equal((body['timeline'] as { note: string }[]).at(-1)?.note, 'The provider was told'),
    },
    setRunbookBreakpoint: {
      async succeeds() {
        const runId = await books().start(await books().written([manual('do'), sql('later')]));
        const { execution } = await books().waits(runId, 'do', 'person');
        return { params: { runId, stepId: execution.steps[1]!.id }, body: { on: true } };
      },
      shows: is({ steps: [{ breakpoint: false }, { breakpoint: true }] }),
    },
  };
}
