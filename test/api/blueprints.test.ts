import assert from 'node:assert/strict';
import type { Blueprint, BlueprintCheck, BlueprintSummary, BlueprintVersion } from '#contracts/blueprints.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Problem } from '#contracts/problems.ts';
import type { RunStarted } from '#contracts/runs.ts';
import { outputsOfKind, providerKinds } from '#domain/resources/providerKinds.ts';
import type { StepIn } from '#test/servers/faults.ts';
import { addLicensedPlan } from '../servers/licensedPlan.ts';
import { ApiInstallation } from './apiInstallation.ts';

const database = { kind: 'resource', key: 'database', provider: 'database', title: 'Create the database' };
const realm = { kind: 'resource', key: 'realm', provider: 'realm', title: 'Create the sign-in realm' };

describe('blueprints', () => {
  let api: ApiInstallation;
  let stepIn: StepIn = async () => undefined;
  before(async () => {
    api = await ApiInstallation.start();
    await api.installation.startWorker((position, attempt) => stepIn(position, attempt));
  });
  after(() => api.stop());
  afterEach(() => (stepIn = async () => undefined));

  const make = (name: string, baseVersion: number, steps: unknown[]) =>
    api.ask<BlueprintVersion & Problem>('POST', `/api/v1/blueprints/${name}/versions`, {
      body: { baseVersion, steps },
    });
  const read = async (name: string) => (await api.ask<Blueprint>('GET', `/api/v1/blueprints/${name}`)).body;
  const move = (plan: string, expectedVersion: number, blueprintVersion: number) =>
    api.ask<Problem>('PATCH', `/api/v1/plans/${plan}`, { body: { expectedVersion, blueprintVersion } });
  const newPlan = (name: string, blueprint: { name: string; version: number }) =>
    api.ask<Problem>('POST', '/api/v1/plans', { body: { name, title: name, blueprint } });
  const eventsOf = (stream: string) =>
    api.installation.asAdmin<{ type: string; data: unknown; by: boolean }>(
      null,
      'select type, data, actor_id is not null as by from events where stream = $1 order by version',
      [stream],
    );
  const stepsOf = async (runId: string) =>
    (await api.installation.run(runId)).steps.map(({ title, state }) => `${title}: ${state}`);

  it('of two authors who begin at one version take the first and tell the second', async () => {
    assert.equal((await make('racing', 0, [database])).body.version, 1);
    const answers = await Promise.all([make('racing', 1, [database, realm]), make('racing', 1, [realm])]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409]);
    const refused = answers.find(({ status }) => status === 409)!.body;
    assert.equal(refused.code, 'blueprint_changed');
    assert.deepEqual(refused.fields, [{ path: 'baseVersion', message: 'is not the latest: that is 2' }]);
    assert.equal((await read('racing')).versions.length, 2);
    assert.deepEqual(await eventsOf('blueprint:racing'), [
      { type: 'blueprint.version_created', data: { name: 'racing', version: 1 }, by: true },
      { type: 'blueprint.version_created', data: { name: 'racing', version: 2 }, by: true },
    ]);
  });

  it('that could not be carried out are refused with every problem at once, and nothing is written', async () => {
    const steps = [{ ...database, provider: 'nobody' }, { ...realm, title: '' }, { kind: 'magic' }];
    const refused = await make('broken', 0, steps);
    assert.equal(refused.status, 422);
    assert.equal(refused.body.code, 'blueprint_invalid');
    const paths = ['steps.1.title', 'steps.2.kind', 'steps.0.provider'];
    assert.deepEqual(
      refused.body.fields?.map(({ path }) => path),
      paths,
    );
    assert.equal((await api.ask('GET', '/api/v1/blueprints/broken')).status, 404);

    const { body } = await api.ask<BlueprintCheck>('POST', '/api/v1/blueprints/check', { body: { steps } });
    assert.deepEqual([body.valid, body.problems], [false, refused.body.fields]);
  });

  it('are never rewritten, not even by hand', async () => {
    for (const text of [`update blueprints set steps = '[]'`, 'delete from blueprints'])
      await assert.rejects(api.installation.asAdmin(null, text), /never rewritten/);
  });

  it('read as their author wrote them, the first one too, which had no keys', async () => {
    const { body } = await api.ask<BlueprintVersion>('GET', '/api/v1/blueprints/standard/versions/1');
    assert.deepEqual(
      body.steps.map(({ key, kind, when }) => `${kind} ${key} ${when}`),
      ['resource database before', 'resource realm before', 'resource storage before', 'check tenant before'],
    );
  });

  it('know the providers that workers have, and what these tell of what they made', async () => {
    let kinds: string[] = [];
    stepIn = async ({ at }) => void (at.endsWith('.ensure') && kinds.push(at.split('.')[0]!));
    const all = [...providerKinds.keys()].map((provider) => ({
      kind: 'resource',
      key: provider,
      provider,
      title: `Make the ${provider}`,
    }));
    const plan = await addLicensedPlan(api.installation, {}, { name: 'one-of-each', steps: all });
    const { tenantId } = await api.installation.provision({ name: 'One of each', plan });
    kinds = [...new Set(kinds)];
    assert.deepEqual(kinds.sort(), [...providerKinds.keys()].sort());
    const made = await api.installation.asAdmin<{ provider: string; observed: object }>(
      null,
      'select provider, observed from resources where tenant_id = $1',
      [tenantId],
    );
    for (const { provider, observed } of made)
      assert.deepEqual(Object.keys(observed).sort(), [...outputsOfKind(provider)!].sort());
  });

  it('that a run began with stay its own when the plan moves; trying again uses the new one and says so', async () => {
    await make('pinned', 0, [database, realm]);
    await newPlan('pinned', { name: 'pinned', version: 1 });
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    stepIn = async ({ at, when }) => {
      if (at !== 'realm.ensure' || when !== 'before') return;
      await held;
      throw new DomainError('resource_conflict', 'Something is in the way.');
    };
    const { body: started } = await api.ask<RunStarted>('POST', '/api/v1/tenants', {
      body: { name: 'Pinned', plan: 'pinned' },
    });
    assert.deepEqual(started.blueprint, { name: 'pinned', version: 1 });
    await api.installation.until('the realm to be begun', 20_000, async () =>
      (await stepsOf(started.runId)).includes('Create the sign-in realm: running'),
    );

    await make('pinned', 1, [{ ...database, title: 'Create the newer database' }]);
    assert.equal((await move('pinned', 1, 2)).status, 200);
    const [first, second] = (await read('pinned')).versions.toReversed();
    assert.deepEqual([first!.openRuns, first!.plans, second!.openRuns, second!.plans], [1, [], 0, ['pinned']]);
    goOn();
    assert.equal((await api.installation.runIsOver(started.runId)).state, 'rolled_back');
    assert.equal((await stepsOf(started.runId)).includes('Create the database: undone'), true);

    stepIn = async () => undefined;
    const { body: again } = await api.ask<RunStarted>('POST', `/api/v1/runs/${started.runId}/try-again`);
    assert.deepEqual(again.blueprint, { name: 'pinned', version: 2 });
    const { state, blueprint } = await api.installation.runIsOver(again.runId);
    assert.deepEqual([state, blueprint], ['succeeded', { name: 'pinned', version: 2 }]);
    assert.deepEqual(await stepsOf(again.runId), [
      'Reserve the address: done',
      'Create the newer database: done',
      'Open the doors: done',
    ]);
  });

  it('put into the ledger what each step is, and leave what comes after the doors for when they are open', async () => {
    const mail = {
      kind: 'http', key: 'mail', title: 'Welcome', url: 'http://127.0.0.1:9/', timeoutSeconds: 5, when: 'after', irreversible: true,
    }; // prettier-ignore
    await make('policies', 0, [{ ...database, onFailure: 'wait', skippable: true }, mail]);
    await newPlan('policies', { name: 'policies', version: 1 });
    const { body } = await api.ask<RunStarted>('POST', '/api/v1/tenants', { body: { name: 'P', plan: 'policies' } });
    const rows = await api.installation.asAdmin(
      null,
      `select key, kind, on_failure, skippable, spec->>'title' as title from run_steps where run_id = $1 and kind <> 'fixed'`,
      [body.runId],
    );
    assert.deepEqual(rows, [
      { key: 'database', kind: 'resource', on_failure: 'wait', skippable: true, title: 'Create the database' },
    ]);
  });
});

describe('plans', () => {
  let api: ApiInstallation;
  before(async () => {
    api = await ApiInstallation.start();
  });
  after(() => api.stop());

  it('move to a version that is there, from where the mover believes them to be', async () => {
    const patch = (body: object) => api.ask<Problem>('PATCH', '/api/v1/plans/standard', { body });
    const steps = [database];
    await api.ask('POST', '/api/v1/blueprints/standard/versions', { body: { baseVersion: 1, steps } });
    const unknown = await patch({ expectedVersion: 1, blueprintVersion: 7 });
    assert.deepEqual([unknown.status, unknown.body.code], [400, 'blueprint_unknown']);

    const answers = await Promise.all([1, 2].map(() => patch({ expectedVersion: 1, blueprintVersion: 2 })));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
    assert.equal(answers.find(({ status }) => status === 409)!.body.code, 'plan_moved');
    const moved = await api.installation.asAdmin(null, `select type, data from events where stream = 'plan:standard'`);
    assert.deepEqual(moved, [
      { type: 'plan.moved', data: { name: 'standard', blueprint: 'standard', from: 1, to: 2 } },
    ]);
    const { body } = await api.ask<{ items: BlueprintSummary[] }>('GET', '/api/v1/blueprints');
    assert.deepEqual(body.items[0]?.plans, [{ name: 'standard', version: 2 }]);
  });

  it('are made once for a name, with a version that is there', async () => {
    const create = (blueprint: object) =>
      api.ask<Problem>('POST', '/api/v1/plans', { body: { name: 'gold', title: 'Gold', blueprint } });
    assert.equal((await create({ name: 'nobody', version: 1 })).body.code, 'blueprint_unknown');
    assert.equal((await create({ name: 'standard', version: 1 })).status, 201);
    const twice = await create({ name: 'standard', version: 1 });
    assert.deepEqual([twice.status, twice.body.code], [409, 'plan_taken']);
  });
});
