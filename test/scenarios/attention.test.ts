import assert from 'node:assert/strict';
import { DomainError } from '#contracts/errors.ts';
import type { Task } from '#contracts/tasks.ts';
import { everywhere } from '#domain/access/grants.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { openFinish } from '#domain/runs/ending/finishRollback.ts';
import { bucketNameOf, schemaNameOf } from '#domain/resources/names.ts';
import { listTasks } from '#domain/tasks/listTasks.ts';
import { startRun } from '#temporal/startRun.ts';
import type { StepIn } from '../servers/faults.ts';
import { TestInstallation } from '../servers/installation.ts';
import { remainsOf } from '../servers/remains.ts';

describe('what a rollback has to leave', () => {
  let installation: TestInstallation;
  let stepIn: StepIn = async () => undefined;

  before(async () => {
    installation = await TestInstallation.start();
    await installation.startWorker((position, attempt) => stepIn(position, attempt));
  });
  after(() => installation.stop());

  const tasksOf = async (tenantId: string): Promise<Task[]> =>
    (await listTasks(installation.em, { tenantId, limit: 50 }, everywhere)).items;
  const finish = async (runId: string) => {
    const opened = await installation.em.transactional((em) => openFinish(em, runId, theSystem));
    await startRun(installation.platform, installation.temporal.client, opened.runId);
    return installation.runIsOver(opened.runId);
  };
  const eventsOf = async (taskId: string) =>
    (
      await installation.asAdmin<{ type: string }>(null, 'select type from events where stream = $1 order by version', [
        `task:${taskId}`,
      ])
    ).map(({ type }) => type);

  /** A provisioning that fails at its end and cannot remove these. */
  async function leave(name: string, ...stuck: string[]) {
    stepIn = async ({ at, when }) => {
      if (at === 'realm.prove') throw new DomainError('check_failed', 'The test says no.');
      if (when === 'before' && stuck.some((provider) => at === `${provider}.destroy`))
        throw new DomainError('check_failed', `The ${at.split('.')[0]} will not go.`);
    };
    const created = await installation.createTenant({ name });
    const run = await installation.runIsOver(created.runId);
    assert.equal(run.state, 'needs_attention');
    return { ...created, run };
  }

  it('is named in one task, with place and reason, while everything else is gone and the address stays held', async () => {
    const { tenantId, runId, slug, run } = await leave('Stuck', 'database', 'storage');
    assert.deepEqual(
      run.steps.flatMap(({ provider, state }) => (state === 'undone' ? provider : [])),
      ['realm'],
      'the undo between the two that failed ran',
    );
    assert.deepEqual(
      (await remainsOf(installation, tenantId)).filter((what) => /realm|address/.test(what)),
      [`address ${slug}`],
    );
    const [task, ...others] = await tasksOf(tenantId);
    assert.deepEqual(others, []);
    assert.partialDeepStrictEqual(task, { kind: 'attention', state: 'open', runId, may: { close: false } });
    const [store] = await installation.asAdmin<{ database_name: string }>(
      null,
      'select database_name from data_stores',
    );
    const left = [
      {
        title: 'Database',
        where: `Database: ${store?.database_name}/${schemaNameOf(tenantId)}`,
        why: 'The database will not go.',
      },
      { title: 'Storage bucket', where: `Storage bucket: ${bucketNameOf(tenantId)}`, why: 'The storage will not go.' },
    ];
    assert.deepEqual(task?.left, left);
    const [event] = await installation.asAdmin<{ data: object }>(
      null,
      `select data from events where type = 'tenant.needs_attention' and tenant_id = $1`,
      [tenantId],
    );
    assert.deepEqual(event?.data, { left });
  });

  it('keeps its task, with age and assignee, until a finishing run leaves nothing', async () => {
    const { tenantId, runId } = await leave('Twice', 'database', 'storage');
    const [first] = await tasksOf(tenantId);
    stepIn = async ({ at, when }) => {
      if (at === 'storage.destroy' && when === 'before') throw new DomainError('check_failed', 'Still in use.');
    };
    assert.equal((await finish(runId)).state, 'needs_attention');
    const [second, ...others] = await tasksOf(tenantId);
    assert.deepEqual(others, []);
    assert.partialDeepStrictEqual(second, { id: first?.id, openedAt: first?.openedAt, runId, state: 'open' });
    assert.deepEqual(
      second?.left.map(({ title, why }) => ({ title, why })),
      [{ title: 'Storage bucket', why: 'Still in use.' }],
    );

    stepIn = async () => undefined;
    assert.equal((await finish(runId)).state, 'succeeded');
    const [third] = await tasksOf(tenantId);
    assert.partialDeepStrictEqual(third, { id: first?.id, state: 'done', closedBy: null });
    assert.deepEqual(await eventsOf(first?.id ?? ''), ['task.opened', 'task.updated', 'task.closed']);
    assert.deepEqual(await remainsOf(installation, tenantId), []);
  });

  it('is finished from the ledger alone when Temporal has forgotten the run', async function () {
    this.timeout(120_000);
    const { tenantId, runId, slug, run } = await leave('Forgotten', 'realm');
    stepIn = async () => undefined;
    const { client } = installation.temporal;
    const execution = { workflowId: run.temporal.workflowId };
    await assert.rejects(client.workflow.getHandle(execution.workflowId).result());
    await client.workflowService.deleteWorkflowExecution({
      namespace: client.options.namespace,
      workflowExecution: execution,
    });
    await installation.until('Temporal to forget the run', 60_000, () =>
      client.workflow
        .getHandle(execution.workflowId)
        .describe()
        .then(
          () => false,
          () => true,
        ),
    );
    assert.equal((await finish(runId)).state, 'succeeded');
    assert.equal((await installation.run(runId)).state, 'rolled_back');
    assert.deepEqual(await remainsOf(installation, tenantId), []);
    assert.deepEqual(
      (await tasksOf(tenantId)).map(({ state }) => state),
      ['done'],
    );
    assert.equal((await installation.provision({ name: 'Next', slug })).slug, slug);
  });

  it('is settled as well by the removal of its tenant, which closes the task', async () => {
    const { tenantId, slug } = await leave('Removed', 'realm');
    const removal = await installation.runIsOver((await installation.removeTenant(tenantId, slug)).runId);
    assert.equal(removal.state, 'needs_attention', 'the realm is still stuck');
    const [task, ...others] = await tasksOf(tenantId);
    assert.deepEqual(others, []);
    assert.partialDeepStrictEqual(task, { state: 'open', runId: removal.id });
    stepIn = async () => undefined;
    await installation.runIsOver((await installation.removeTenant(tenantId, slug)).runId);
    assert.deepEqual(
      (await tasksOf(tenantId)).map(({ state }) => state),
      ['done'],
    );
    assert.deepEqual(await remainsOf(installation, tenantId), []);
  });
});
