import assert from 'node:assert/strict';
import type { Problem } from '#contracts/problems.ts';
import { scheduledKinds, type Schedule, type ScheduledKind } from '#contracts/schedules.ts';
import { scheduledJobs, scheduleIdOf } from '#temporal/schedules/scheduledJobs.ts';
import { timesBetween } from '#temporal/schedules/changeSchedule.ts';
import { settleSchedules } from '#temporal/schedules/settleSchedules.ts';
import { registry } from '#observability/metrics.ts';
import { ApiInstallation } from '../apiInstallation.ts';
import { personWith } from '../personWith.ts';

describe('what comes by the clock', () => {
  let api: ApiInstallation;
  before(async () => {
    api = await ApiInstallation.start((same) => same, { TENANTRY_SWEEP_AT: 'never' });
    await api.installation.startWorker();
    await api.installation.until('the worker to make its schedules', 20_000, async () =>
      (await list()).every(({ state }) => state !== 'missing'),
    );
  });
  after(() => api.stop());

  const list = async () => (await api.ask<{ items: Schedule[] }>('GET', '/api/v1/schedules')).body.items;
  const read = async (kind: ScheduledKind) => (await api.ask<Schedule>('GET', `/api/v1/schedules/${kind}`)).body;
  const act = (kind: ScheduledKind, verb: string, body?: object, cookie = api.cookie) =>
    api.ask<Schedule & Problem & { times: number }>('POST', `/api/v1/schedules/${kind}/${verb}`, {
      cookie,
      ...(body ? { body } : {}),
    });
  const handle = (kind: ScheduledKind) =>
    api.installation.temporal.client.schedule.getHandle(scheduleIdOf(kind, api.installation.platform.installation.id));
  const events = (kind: ScheduledKind) =>
    api.installation.asAdmin<{ type: string; actor_kind: string; data: object }>(
      null,
      'select type, actor_kind, data from events where stream = $1 order by version',
      [`schedule:${kind}`],
    );

  it('is shown with its times, and with what becomes of those that overlap or are missed', async () => {
    const items = await list();
    assert.deepEqual(
      items.map(({ kind }) => kind),
      [...scheduledKinds],
    );
    const [drift, sweep] = items;
    assert.partialDeepStrictEqual(drift, { state: 'active', times: { at: '02:17' }, overlap: 'skip', starts: 'run' });
    assert.equal(drift?.catchUpSeconds, 12 * 60 * 60);
    assert.match(drift?.nextTimes[0] ?? '', /T02:17:00\.000Z$/);
    assert.equal(drift?.nextTimes.length, 5);
    assert.partialDeepStrictEqual(sweep, { state: 'off', times: { at: null }, nextTimes: [] });
    const cull = await read('cullLicenseUses');
    assert.partialDeepStrictEqual(cull, { starts: 'drain', times: { everySeconds: 30 }, catchUpSeconds: 60 });
  });

  it('is paused with a reason, also across a deploy, and goes on when somebody says so', async () => {
    const paused = await act('checkDrift', 'pause', { reason: '  While storage moves  ' });
    assert.partialDeepStrictEqual(paused.body, { state: 'paused', note: 'While storage moves', nextTimes: [] });
    const { platform, temporal } = api.installation;
    const configuration = { ...platform.configuration, driftCheckAt: { hour: 5, minute: 0 } };
    await settleSchedules({ platform: { ...platform, configuration }, client: temporal.client });
    assert.partialDeepStrictEqual(await read('checkDrift'), { state: 'paused', note: 'While storage moves' });
    assert.match(await registry.metrics(), /tenantry_schedule_paused\{schedule="checkDrift"\} 1/);
    assert.deepEqual((await handle('checkDrift').describe()).spec.calendars?.[0]?.hour, [
      { start: 5, end: 5, step: 1 },
    ]);
    assert.partialDeepStrictEqual((await act('checkDrift', 'resume')).body, { state: 'active', note: null });
    await settleSchedules({ platform, client: temporal.client });
    assert.deepEqual(
      (await events('checkDrift')).map(({ type, actor_kind: actor }) => [type, actor]),
      [
        ['schedule.paused', 'user'],
        ['schedule.resumed', 'user'],
      ],
    );
  });

  it('that was paused in Temporal is shown so, and stays so', async () => {
    await handle('applyRetention').pause('by hand');
    const { platform, temporal } = api.installation;
    await settleSchedules({ platform, client: temporal.client });
    assert.partialDeepStrictEqual(await read('applyRetention'), { state: 'paused', note: 'by hand' });
    await act('applyRetention', 'resume');
  });

  it('comes now when somebody says so, and tells what it started', async () => {
    const before = (await read('cullLicenseUses')).counts.taken;
    assert.equal((await act('cullLicenseUses', 'trigger')).status, 202);
    const seen = await api.installation.until('the drain to be over', 20_000, async () => {
      const schedule = await read('cullLicenseUses');
      return schedule.counts.taken > before && !schedule.recent[0]?.isRunning && schedule;
    });
    assert.match(seen.recent[0]?.workflowId ?? '', /^drainDue\/platform\/cullLicenseUses/);
    assert.deepEqual(
      (await events('cullLicenseUses')).map(({ type }) => type),
      ['schedule.triggered'],
    );
    const nightly = `('checkDrift', 'applyRetention')`;
    const runs = await api.installation.asAdmin(null, `select kind from runs where kind not in ${nightly}`);
    assert.deepEqual(runs, [], 'a drain is no run');
  });

  it('makes up for the times of a range, one after the other', async () => {
    const before = (await read('expireLicenseOverrides')).counts.taken;
    const range = { from: '2026-02-28T23:59:00Z', to: '2026-03-01T00:00:00Z' };
    const { status, body } = await act('expireLicenseOverrides', 'backfill', range);
    assert.deepEqual([status, body.times], [202, 3]);
    await api.installation.until('three more to have been started', 30_000, async () => {
      const { counts, recent } = await read('expireLicenseOverrides');
      return counts.taken >= before + 3 && !recent[0]?.isRunning;
    });
    const started = (await read('expireLicenseOverrides')).recent.map(({ scheduledAt }) => scheduledAt);
    for (const time of ['2026-02-28T23:59:00.000Z', '2026-02-28T23:59:30.000Z', '2026-03-01T00:00:00.000Z'])
      assert.ok(started.includes(time), started.join());
    assert.deepEqual((await events('expireLicenseOverrides')).at(-1)?.data, { ...range, times: 3 });
  });

  it('does not make up for more than somebody can have meant', async () => {
    const refused = async (from: string, to: string) =>
      (await act('cullLicenseUses', 'backfill', { from, to })).body.fields?.[0]?.message;
    assert.match(
      (await refused('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z')) ?? '',
      /holds 2881 times .* at most 200/,
    );
    assert.match((await refused('2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z')) ?? '', /holds no time/);
    assert.match((await refused('2026-01-02T00:00:00Z', '2026-01-01T00:00:00Z')) ?? '', /must be after from/);
    const daily = { times: { at: { hour: 2, minute: 17 } } };
    const between = (from: string, to: string) => timesBetween(daily, new Date(from), new Date(to));
    assert.equal(between('2026-01-01T02:17:00Z', '2026-01-03T02:17:00Z'), 3);
    assert.equal(between('2026-01-01T02:17:01Z', '2026-01-02T02:16:59Z'), 0);
    assert.equal(timesBetween({ times: { at: null } }, new Date(0), new Date()), 0);
  });

  it('is made again when it was deleted, and refuses meanwhile without an event', async () => {
    await handle('cullLicenseUses').delete();
    assert.equal((await read('cullLicenseUses')).state, 'missing');
    const told = (await events('cullLicenseUses')).length;
    assert.equal((await act('cullLicenseUses', 'trigger')).body.code, 'schedule_off');
    assert.equal((await act('sweepOrphans', 'pause', { reason: 'x' })).body.code, 'schedule_off');
    assert.equal((await events('cullLicenseUses')).length, told);
    const { platform, temporal } = api.installation;
    await settleSchedules({ platform, client: temporal.client });
    assert.equal((await read('cullLicenseUses')).state, 'active');
  });

  it('is seen by auditors and changed by operators', async () => {
    const asAuditor = (await personWith(api.installation, [{ role: 'auditor' }])).cookie;
    const asOperator = (await personWith(api.installation, [{ role: 'operator' }])).cookie;
    assert.equal((await api.ask('GET', '/api/v1/schedules', { cookie: asAuditor })).status, 200);
    assert.equal((await act('checkDrift', 'resume', undefined, asAuditor)).body.code, 'forbidden');
    assert.equal((await act('checkDrift', 'resume', undefined, asOperator)).status, 200);
  });

  it('has words for every job', () => {
    for (const job of Object.values(scheduledJobs(api.installation.configuration)))
      assert.ok(job.title && job.description.endsWith('.'));
  });
}).timeout(60_000);
