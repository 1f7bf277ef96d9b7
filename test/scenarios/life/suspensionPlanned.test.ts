import assert from 'node:assert/strict';
import type { Suspension, SuspensionStarted, TenantSuspensions } from '#contracts/life/suspension.ts';
import type { Problem } from '#contracts/problems.ts';
import { beginDue } from '#domain/suspension/dueSuspensions.ts';
import { startRun } from '#temporal/startRun.ts';
import type { RunningWorker } from '#workers/worker.ts';
import { ApiInstallation } from '../../api/apiInstallation.ts';

const inHours = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();
const reason = 'A planned pause.';

describe('a suspension that is planned', () => {
  let api: ApiInstallation;
  let worker: RunningWorker;

  before(async () => {
    api = await ApiInstallation.start();
    worker = await api.installation.startWorker();
  });
  after(() => api?.stop());

  const pathOf = (tenantId: string) => `/api/v1/tenants/${tenantId}/suspension`;
  const plan = async (name: string, more: object) => {
    const { tenantId, slug } = await api.installation.provision({ name });
    const answer = await api.ask<SuspensionStarted & Problem>('POST', pathOf(tenantId), {
      body: { confirm: slug, reason, ...more },
    });
    return { tenantId, slug, answer };
  };
  const stateOf = async (tenantId: string) => (await api.ask('GET', `/api/v1/tenants/${tenantId}`)).body['state'];
  const read = async (tenantId: string) => (await api.ask<TenantSuspensions>('GET', pathOf(tenantId))).body;
  /** Drains what is due by then; the reconciler drains by the database's own time meanwhile, and finds nothing. */
  const drain = (now: string) => beginDue(api.installation.em, new Date(now));
  const carryOut = async (now: string) => {
    for (const { runId } of await drain(now)) {
      if (!runId) continue;
      await startRun(api.installation.platform, api.installation.temporal.client, runId);
      assert.equal((await api.installation.runIsOver(runId)).state, 'succeeded');
    }
  };

  it('waits for its time, begins then, and is ended by itself at its end', async () => {
    const [at, until] = [inHours(24), inHours(48)];
    const { tenantId, answer } = await plan('Planned', { at, until });
    assert.equal(answer.status, 202, answer.text);
    assert.partialDeepStrictEqual(answer.body, { runId: null, suspension: { state: 'planned', startsAt: at } });
    await carryOut(inHours(23));
    assert.equal(await stateOf(tenantId), 'active');
    await carryOut(inHours(25));
    assert.equal(await stateOf(tenantId), 'suspended');
    assert.equal((await read(tenantId)).current?.state, 'effective');
    await carryOut(inHours(47));
    assert.equal(await stateOf(tenantId), 'suspended');
    await carryOut(inHours(49));
    assert.equal(await stateOf(tenantId), 'active');
    assert.equal((await read(tenantId)).past[0]?.state, 'ended');
  });

  it('is begun once, however many look at the same moment', async () => {
    const { tenantId } = await plan('Planned once', { at: inHours(1) });
    const begun = (await Promise.all(Array.from({ length: 6 }, () => drain(inHours(2))))).flat();
    assert.equal(begun.length, 1);
    await startRun(api.installation.platform, api.installation.temporal.client, begun[0]!.runId!);
    await api.installation.runIsOver(begun[0]!.runId!);
    assert.equal(await stateOf(tenantId), 'suspended');
  });

  it('is late, and not lost, when no worker was there at its time; and missed when its whole time passed', async () => {
    const late = await plan('Late', { at: inHours(1) });
    const missed = await plan('Missed', { at: inHours(1), until: inHours(5) });
    await worker.stop();
    for (const { tenantId } of [late, missed])
      await api.installation.asAdmin(
        null,
        `update suspensions set starts_at = now() - interval '10 days', ends_at = ends_at - interval '10 days'
         where tenant_id = $1`,
        [tenantId],
      );
    worker = await api.installation.startWorker();
    await api.installation.until(
      'the late one to begin',
      20_000,
      async () => (await stateOf(late.tenantId)) === 'suspended',
    );
    await api.installation.until('the missed one to be told', 20_000, async () => {
      const { past } = await read(missed.tenantId);
      return past[0]?.state === 'missed';
    });
    assert.equal(await stateOf(missed.tenantId), 'active');
    const tasks = await api.installation.asAdmin(null, `select 1 from tasks where tenant_id = $1 and state = 'open'`, [
      missed.tenantId,
    ]);
    assert.equal(tasks.length, 1, 'a person is told');
  });

  it('can be changed, and withdrawn, until it begins; then only its end', async () => {
    const { tenantId } = await plan('Changed', { at: inHours(24) });
    const change = (body: object) => api.ask<TenantSuspensions & Problem>('PATCH', pathOf(tenantId), { body });
    const sooner = inHours(2);
    assert.equal((await change({ at: sooner, until: inHours(9) })).body.current?.startsAt, sooner);
    assert.equal((await change({ until: inHours(1) })).status, 400, 'it would end before it begins');
    await carryOut(inHours(3));
    assert.equal((await change({ at: inHours(5) })).body.code, 'suspension_over');
    assert.equal((await change({ until: null })).body.current?.endsAt, null);
    assert.equal((await api.ask<Problem>('DELETE', pathOf(tenantId))).body.code, 'suspension_over');
    await carryOut(inHours(10_000));
    assert.equal(await stateOf(tenantId), 'suspended', 'its end was taken away');

    const other = await plan('Withdrawn', { at: inHours(1) });
    assert.equal((await api.ask('DELETE', pathOf(other.tenantId))).status, 200);
    await carryOut(inHours(2));
    assert.equal(await stateOf(other.tenantId), 'active');
  });

  it('gives way to one that begins at once, and is refused beside another', async () => {
    const { tenantId, slug } = await plan('Overtaken', { at: inHours(24) });
    const again = (more: object) =>
      api.ask<SuspensionStarted & Problem>('POST', pathOf(tenantId), { body: { confirm: slug, reason, ...more } });
    assert.equal((await again({ at: inHours(30) })).body.code, 'suspension_open');
    const { body } = await again({});
    await api.installation.runIsOver(body.runId!);
    const states = ({ current, past }: TenantSuspensions): Suspension['state'][] =>
      [current, ...past].flatMap((one) => (one ? [one.state] : []));
    assert.deepEqual(states(await read(tenantId)), ['effective', 'withdrawn']);
  });

  it('refuses times that cannot be meant', async () => {
    for (const [times, path] of [
      [{ at: inHours(-1) }, 'at'],
      [{ until: inHours(-1) }, 'until'],
      [{ at: inHours(5), until: inHours(4) }, 'until'],
      [{ at: inHours(5), until: inHours(5) }, 'until'],
      [{ at: inHours(24 * 365 * 6) }, 'at'],
      [{ at: 'tomorrow' }, 'at'],
      [{ at: '2027-01-01T10:00:00' }, 'at'],
    ] as const) {
      const { answer } = await plan(`Of ${JSON.stringify(times)}`, times);
      assert.equal(answer.status, 400, `${JSON.stringify(times)}: ${answer.text}`);
      assert.deepEqual(
        answer.body.fields?.map((field) => field.path),
        [path],
      );
    }
  });

  it('waits for the end of what else changes the tenant', async () => {
    const { tenantId } = await plan('Waits', { at: inHours(1) });
    const [run] = await api.installation.asAdmin<{ id: string }>(
      null,
      `insert into runs (id, kind, tenant_id, state, exclusive, cancellable, workflow_id, workflow_started_at, checked_at)
       values (gen_random_uuid(), 'rotateTenantSecrets', $1, 'running', true, false, gen_random_uuid()::text, now(), now() + interval '1 hour')
       returning id`,
      [tenantId],
    );
    assert.deepEqual(await drain(inHours(2)), []);
    assert.match((await read(tenantId)).current?.why ?? '', /Another run is changing this tenant/);
    await api.installation.asAdmin(null, `update runs set state = 'succeeded' where id = $1`, [run!.id]);
    await api.installation.asAdmin(null, `update suspensions set try_after = null where tenant_id = $1`, [tenantId]);
    await carryOut(inHours(2));
    assert.equal(await stateOf(tenantId), 'suspended');
  });
}).timeout(120_000);
