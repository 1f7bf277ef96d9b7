import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { clearBatch, openRetention } from '#domain/retention/applyRetention.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { createOwner } from '#domain/people/ownership.ts';
import { counted } from '#test/observability/counted.ts';
import { Ledger } from '#domain/runs/ledger.ts';
import { startRun } from '#temporal/startRun.ts';
import { scheduleIdOf } from '#temporal/schedules/scheduledJobs.ts';
import { TestInstallation } from '../servers/installation.ts';

const day = 86_400_000;
const ago = (days: number): Date => new Date(Date.now() - days * day);

describe('what was kept for long enough', () => {
  let installation: TestInstallation;
  let userId: string;
  let erased: { tenantId: string; runId: string };
  let living: { tenantId: string; runId: string };
  before(async () => {
    installation = await TestInstallation.start({ TENANTRY_KEEP_APPROVALS_DAYS: 'forever' });
    await installation.startWorker();
    await createOwner(installation.em, 'owner@example.org', 'correct horse battery staple');
    [{ id: userId }] = (await sql<{ id: string }>('select id from users')) as [{ id: string }];
    [erased, living] = await Promise.all([
      installation.provision({ name: 'Erased', slug: 'erased' }),
      installation.provision({ name: 'Living' }),
    ]);
    const removal = await installation.removeTenant(erased.tenantId, 'erased');
    assert.equal((await installation.runIsOver(removal.runId)).state, 'succeeded');
  });
  after(() => installation.stop());

  const sql = <Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> =>
    installation.asAdmin<Row & Record<string, unknown>>(null, text, values);
  const count = async (of: string): Promise<number> =>
    Number((await sql<{ n: string }>(`select count(*) as n from ${of}`))[0]?.n);

  /** One that is old enough and one that is not, of everything. */
  async function keep(age: number): Promise<void> {
    await sql(`insert into sessions (token_hash, id, user_id, expires_at) values ($1, $2, $3, $4)`, [
      randomBytes(32), randomUUID(), userId, ago(age),
    ]); // prettier-ignore
    await sql(
      `insert into idempotency_keys (actor_id, route, key, request_hash, status, body, created_at)
       values ($1, 'post /x', $2, '', 200, '{}', $3)`,
      [userId, randomUUID(), ago(age)],
    );
    await sql(`insert into setup_links (token_hash, expires_at) values ($1, $2)`, [randomBytes(32), ago(age)]);
    await sql(`insert into mails (id, kind, sealed, state, created_at) values ($1, 'password_reset', '', 'sent', $2)`, [
      randomUUID(),
      ago(age),
    ]);
    await sql(
      `insert into api_keys (id, user_id, name, key_hash, hint, permissions, scope_kind, expires_at)
       values ($1, $2, 'x', $3, 'xxxx', '{tenants:read}', 'platform', $4)`,
      [randomUUID(), userId, randomBytes(32), ago(age)],
    );
    await sql(
      `insert into approvals (id, act, operation, summary, request_hash, sealed_request, sealed_reason, requester_id, required,
                              state, expires_at, closed_at)
       values ($1, 'erase_tenant', 'deleteTenant', 'x', '', '', '', $2, 1, 'used', $3, $3)`,
      [randomUUID(), userId, ago(age)],
    );
  }
  const kept = async () => ({
    sessions: await count('sessions'),
    idempotencyKeys: await count('idempotency_keys'),
    links: await count('setup_links'),
    mails: await count('mails'),
    keys: await count('api_keys'),
    approvals: await count('approvals'),
  });
  const apply = async () => {
    const runId = await installation.em.transactional((em) => openRetention(em, null, theSystem));
    await startRun(installation.platform, installation.temporal.client, runId);
    return installation.runIsOver(runId);
  };

  it('is cleared away, what is younger or shall be kept for ever is not, and the run says how much went', async () => {
    await keep(1_000);
    await keep(1);
    await sql(`update runs set finished_at = $1 where state = 'succeeded'`, [ago(1_000)]);
    const mailsBefore = await counted('tenantry_retention_cleared_total', { kind: 'mails' });
    const run = await apply();
    assert.equal(run.state, 'succeeded');
    assert.deepEqual(await kept(), { sessions: 1, idempotencyKeys: 1, links: 1, mails: 1, keys: 1, approvals: 2 });
    const titles = run.steps.map(({ title }) => title);
    assert.ok(titles.includes('Clear sessions that ended: 1'), titles.join('\n'));
    assert.ok(titles.includes('Clear approvals that were closed: kept for ever'), titles.join('\n'));
    const [event] = await sql<{ data: object }>(`select data from events where type = 'retention.applied'`);
    assert.partialDeepStrictEqual(event!.data, { sessions: 1, idempotencyKeys: 1, links: 1, mails: 1, keys: 1 });
    assert.equal(await counted('tenantry_retention_cleared_total', { kind: 'mails' }), mailsBefore + 1);
  });

  it('of runs is what they did, never that they were: the tenants that are there keep theirs', async () => {
    const steps = (runId: string) => count(`run_steps where run_id = '${runId}'`);
    assert.equal(await steps(erased.runId), 0);
    assert.ok((await steps(living.runId)) > 0);
    const [run] = await sql<{ kind: string; state: string }>('select kind, state from runs where id = $1', [
      erased.runId,
    ]);
    assert.deepEqual(run, { kind: 'provisionTenant', state: 'succeeded' });
    assert.equal((await installation.run(erased.runId)).steps.length, 0);
    const removal = await installation.removeTenant(living.tenantId, 'living');
    assert.equal((await installation.runIsOver(removal.runId)).state, 'succeeded');
  });

  it('goes in batches, and an attempt that is repeated goes on where the last one stood', async () => {
    await sql(
      `insert into idempotency_keys (actor_id, route, key, request_hash, status, body, created_at)
       select $1, 'post /x', 'old ' || i, '', 200, '{}', $2 from generate_series(1, 1234) i`,
      [userId, ago(10)],
    );
    const runId = await installation.em.transactional((em) => openRetention(em, null, theSystem));
    const { platform, configuration } = installation;
    const ledger = new Ledger(platform.registry, platform.announcer, { circuitThreshold: 5 });
    const clear = () => clearBatch(ledger, { runId, tenantId: null, epoch: 1 }, configuration.retention);
    const batches = [];
    do batches.push(await clear());
    while (!batches.at(-1)?.isOver);
    assert.deepEqual(
      batches.filter(({ kind }) => kind === 'idempotencyKeys').map(({ count }) => count),
      [500, 500, 234],
    );
    assert.deepEqual(await clear(), { kind: null, count: 0, isOver: true });
    assert.equal((await installation.run(runId)).state, 'succeeded');
  });

  it('is cleared every night by a schedule', async () => {
    const id = scheduleIdOf('applyRetention', installation.platform.installation.id);
    const { spec } = await installation.temporal.client.schedule.getHandle(id).describe();
    assert.deepEqual(spec.calendars?.[0]?.hour, [{ start: 4, end: 4, step: 1 }]);
  });
});
