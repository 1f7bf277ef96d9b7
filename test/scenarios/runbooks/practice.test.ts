import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { PracticePlan } from '#contracts/runbooks/practice.ts';
import type { Runbook, RunbookDraft } from '#contracts/runbooks/runbooks.ts';
import { openDuePractices } from '#domain/runbooks/practice/openDuePractices.ts';
import { shippedRunbooks } from '#domain/runbooks/shipped/shippedRunbooks.ts';
import { seedShipped } from '#domain/runbooks/versions/seedShipped.ts';
import { manual, RunbookWorld, sql } from './runbookWorld.ts';

const dayMs = 86_400_000;

describe('practice of runbooks', function () {
  this.timeout(120_000);
  let world: RunbookWorld;
  before(async () => {
    world = await RunbookWorld.start();
  });
  after(() => world.stop());

  const em = () => world.api.installation.em.fork();
  const plans = async (): Promise<PracticePlan[]> =>
    (await world.api.ask<{ items: PracticePlan[] }>('GET', '/api/v1/runbook-practice')).body.items;
  const planOf = async (name: string): Promise<PracticePlan> =>
    (await plans()).find(({ runbook }) => runbook === name)!;
  const change = (name: string, body: object) =>
    world.api.ask<PracticePlan>('PATCH', `/api/v1/runbook-practice/${name}`, { body });
  const isOver = async (name: string): Promise<PracticePlan> => {
    const [last] = await executionsOf(name);
    await world.isOver(last!.run_id);
    return planOf(name);
  };
  const executionsOf = (name: string) =>
    world.api.installation.asAdmin<{ run_id: string; practice: boolean; cause: string }>(
      null,
      `select run_id, practice, cause from runbook_executions where runbook = '${name}' order by created_at desc`,
    );
  const tasksOf = (name: string) =>
    world.api.installation.asAdmin<{ state: string; reason: string }>(
      null,
      `select state, reason from tasks where kind = 'practice_overdue' and about = 'practice:${name}'`,
    );
  /** As if so many days had gone by since the plan was made. */
  const daysPass = (name: string, days: number) =>
    world.api.installation.asAdmin(
      null,
      `update runbook_practice set next_at = next_at - interval '${days} days', stale_at = stale_at - interval '${days} days',
         last_practised_at = last_practised_at - interval '${days} days' where runbook = '${name}'`,
    );
  const theClockComes = () => world.api.ask('POST', '/api/v1/schedules/practiseRunbooks/trigger', { body: {} });

  it('comes by the clock, monthly, and the next one a month after it', async () => {
    const name = await world.written([sql('ask')]);
    const fresh = await planOf(name);
    assert.partialDeepStrictEqual(fresh, { enabled: true, everyDays: 30, isStale: false, blocked: null, lastRunId: null }); // prettier-ignore
    assert.ok(Math.abs(Date.parse(fresh.nextAt!) - Date.now() - 30 * dayMs) < dayMs);
    await daysPass(name, 31);
    await world.api.installation.until('the schedule to be there', 60_000, async () => (await theClockComes()).status < 300); // prettier-ignore
    await world.api.installation.until('its practice', 60_000, async () => (await executionsOf(name)).length > 0);
    const [execution] = await executionsOf(name);
    assert.deepEqual([execution!.practice, execution!.cause], [true, 'schedule']);
    const after = await isOver(name);
    assert.equal(after.lastRunId, execution!.run_id);
    assert.ok(Date.parse(after.nextAt!) - Date.now() > 29 * dayMs, 'the next is a month away');
    assert.equal((await world.read(execution!.run_id)).startedBy, null);
  });

  it('is opened once however many look, and not beside one that nobody finished', async () => {
    const name = await world.written([manual('do')], { exclusive: 'no' });
    await daysPass(name, 31);
    const keyring = world.api.installation.platform.installation.keyring;
    const drained = await Promise.all([1, 2, 3].map(() => openDuePractices(em(), keyring, new Date())));
    assert.equal((await executionsOf(name)).length, 1, JSON.stringify(drained));
    await daysPass(name, 31);
    await openDuePractices(em(), keyring, new Date());
    assert.equal((await executionsOf(name)).length, 1, 'the first one waits for a person still');
  });

  it('is told of when it does not happen, with what is missing, until a practice comes to its end', async () => {
    const inputs = [{ name: 'who', title: 'Who', type: 'text' }];
    const name = await world.written([sql('ask')], { inputs });
    const keyring = world.api.installation.platform.installation.keyring;
    assert.equal((await planOf(name)).blocked, 'inputs.who is missing');
    await daysPass(name, 38);
    await openDuePractices(em(), keyring, new Date());
    await openDuePractices(em(), keyring, new Date());
    assert.deepEqual(await executionsOf(name), []);
    const [task, ...others] = await tasksOf(name);
    assert.deepEqual([task!.state, others.length], ['open', 0]);
    assert.match(task!.reason, /never practised to its end.*inputs\.who is missing/);
    const { body: book } = await world.api.ask<{ items: { name: string; practiceIsStale: boolean }[] }>('GET', '/api/v1/runbooks'); // prettier-ignore
    assert.equal(book.items.find((one) => one.name === name)?.practiceIsStale, true);

    assert.equal((await change(name, { inputs: { who: 'us' } })).body.blocked, null);
    // The reconciler starts what was opened beside it.
    for (const runId of await openDuePractices(em(), keyring, new Date())) await world.isOver(runId);
    assert.equal((await tasksOf(name))[0]!.state, 'done');
    assert.equal((await planOf(name)).isStale, false);
  });

  it('follows what people choose, and refuses what is no input of it', async () => {
    const inputs = [{ name: 'count', title: 'Count', type: 'number' }];
    const name = await world.written([sql('ask')], { inputs });
    const wrong = await world.api.ask<{ code: string; fields: { path: string }[] }>('PATCH', `/api/v1/runbook-practice/${name}`, { body: { inputs: { count: 'x', other: 1 } } }); // prettier-ignore
    assert.deepEqual([wrong.status, wrong.body.code], [400, 'input_invalid'], wrong.text);
    assert.deepEqual(wrong.body.fields.map(({ path }) => path).toSorted(), ['inputs.count', 'inputs.other']);
    const weekly = (await change(name, { everyDays: 7, inputs: { count: 3 } })).body;
    assert.partialDeepStrictEqual(weekly, { everyDays: 7, inputs: { count: 3 }, blocked: null, isStale: false });
    assert.ok(Date.parse(weekly.nextAt!) - Date.now() < 8 * dayMs);
    await daysPass(name, 20);
    assert.equal((await planOf(name)).isStale, true);
    const off = (await change(name, { enabled: false })).body;
    assert.deepEqual([off.enabled, off.nextAt, off.staleAt, off.isStale], [false, null, null, false]);
    await openDuePractices(em(), world.api.installation.platform.installation.keyring, new Date());
    assert.deepEqual([await executionsOf(name), await tasksOf(name)], [[], []]);
    const { status } = await world.api.ask('PATCH', '/api/v1/runbook-practice/nobody', { body: { everyDays: 3 } });
    assert.equal(status, 404);
  });
});

describe('the runbooks of a release', function () {
  this.timeout(120_000);
  let world: RunbookWorld;
  before(async () => {
    world = await RunbookWorld.start();
  });
  after(() => world.stop());

  const read = async (name: string): Promise<Runbook> =>
    (await world.api.ask<Runbook>('GET', `/api/v1/runbooks/${name}`)).body;
  const seed = (shipped: Record<string, RunbookDraft>) => seedShipped(world.api.installation.em.fork(), shipped);
  const draft = (title: string): RunbookDraft => ({ ...shippedRunbooks['lose-the-primary']!, title });

  it('are there when a worker has started, ready to be run', async () => {
    for (const name of Object.keys(shippedRunbooks)) {
      const { latest, findings } = await read(name);
      assert.deepEqual([latest.version, latest.origin, latest.createdBy], [1, 'shipped', null], name);
      const errors = findings.filter(({ severity, code }) => severity === 'error' && code !== 'approval_unreachable');
      assert.deepEqual(errors, [], name);
    }
    const again = await seedShipped(world.api.installation.em.fork());
    assert.deepEqual(again, { written: 0, refused: [] }, 'the next start writes nothing');
  });

  it('follow the release where nobody edited them, and an older worker takes nothing back', async () => {
    const name = `book-${randomUUID().slice(0, 8)}`;
    const [written] = await Promise.all([1, 2, 3].map(() => seed({ [name]: draft('First') })));
    assert.ok(written!.written <= 1);
    await seed({ [name]: draft('Second') });
    assert.equal((await read(name)).latest.definition.title, 'Second');
    assert.equal((await seed({ [name]: draft('First') })).written, 0);
    const { latest, versions, shippedWaits } = await read(name);
    assert.deepEqual([latest.version, versions.length, shippedWaits], [2, 2, null]);
  });

  it('wait where somebody wrote their own, which stays in use until they write the next', async () => {
    const name = `book-${randomUUID().slice(0, 8)}`;
    await seed({ [name]: draft('First') });
    assert.equal((await world.write(name, [sql('ask')], { title: 'Ours' }, 1)).status, 201);
    assert.equal((await seed({ [name]: draft('Second') })).written, 1);
    const { latest, shippedWaits, versions } = await read(name);
    assert.deepEqual([latest.version, latest.definition.title, shippedWaits, versions[0]?.version], [2, 'Ours', 3, 3]);
    const runId = await world.start(name);
    assert.equal((await world.isOver(runId)).runbookVersion, 2, 'what waits is not run');
    const { body: diff } = await world.api.ask<{ changes: object[] }>('GET', `/api/v1/runbooks/${name}/diff?from=2&to=3`); // prettier-ignore
    assert.ok(diff.changes.length > 0);

    const stale = await world.write(name, [sql('ask')], {}, 3);
    assert.equal(stale.body.code, 'runbook_changed', 'it was never the latest');
    assert.equal((await world.write(name, [sql('ask'), sql('more')], { title: 'Both' }, 2)).status, 201);
    const both = await read(name);
    assert.deepEqual([both.latest.version, both.shippedWaits], [4, null]);
  });
});
