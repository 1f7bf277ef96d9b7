import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DomainError } from '#contracts/errors.ts';
import { everywhere } from '#domain/access/grants.ts';
import { acceptFinding } from '#domain/drift/acceptFinding.ts';
import { openCheck } from '#domain/drift/check.ts';
import { listFindings } from '#domain/drift/listFindings.ts';
import { openRepair } from '#domain/drift/repair.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { bucketNameOf, schemaNameOf } from '#domain/resources/names.ts';
import type { RegisteredTenant } from '#domain/tenants/registerTenant.ts';
import { ProviderError } from '#providers/provider.ts';
import { startRun } from '#temporal/startRun.ts';
import { TestInstallation } from '../../servers/installation.ts';
import type { StepIn } from '../../servers/faults.ts';

const refusal = (code: string) => (error: DomainError) => error.code === code;

describe('drift', () => {
  let installation: TestInstallation;
  let stepIn: StepIn = async () => undefined;
  let tenant: RegisteredTenant;
  let store: string;
  let count = 0;

  before(async () => {
    installation = await TestInstallation.start();
    await installation.startWorker((position, attempt) => stepIn(position, attempt));
  });
  after(() => installation.stop());
  beforeEach(async () => {
    stepIn = async () => undefined;
    tenant = await installation.provision({ name: `Drifting ${count++}` });
    const [row] = await installation.asAdmin<{ name: string }>(null, 'select database_name as name from data_stores');
    store = row?.name ?? '';
  });

  const schema = () => schemaNameOf(tenant.tenantId);
  const inStore = (text: string) => installation.asAdmin<Record<string, unknown>>(store, text);
  const start = async (runId: string) => {
    await startRun(installation.platform, installation.temporal.client, runId);
    return installation.runIsOver(runId);
  };
  const check = async (tenantId: string | null = tenant.tenantId) =>
    start(await installation.em.transactional((em) => openCheck(em, tenantId, theSystem)));
  const findings = async (tenantId = tenant.tenantId) =>
    (await listFindings(installation.em, { tenantId, limit: 50 }, everywhere)).items;
  const repair = async (findingId: string) =>
    start((await installation.em.transactional((em) => openRepair(em, findingId, theSystem))).runId);
  const accept = (findingId: string, until: Date) =>
    installation.em.transactional((em) =>
      acceptFinding(em, findingId, { reason: 'Known to us', until: until.toISOString() }, theSystem),
    );
  const only = async () => {
    const all = await findings();
    assert.equal(all.length, 1, JSON.stringify(all));
    return all[0]!;
  };

  it('finds nothing where nothing differs', async () => {
    const run = await check();
    assert.equal(run.state, 'succeeded');
    assert.partialDeepStrictEqual(run.progress, { done: 3, total: 3, found: 0, skipped: [] });
    assert.deepEqual(await findings(), []);
  });

  it('is found on every tenant by one run of the platform, told in words, and a person is asked once', async () => {
    const other = await installation.provision({ name: 'Drifting too' });
    await inStore(`drop table ${schema()}.tasks`);
    await rm(join(installation.configuration.storageDir, bucketNameOf(other.tenantId)), { recursive: true });
    const run = await check(null);
    assert.equal(run.state, 'succeeded');
    assert.equal(run.tenantId, null);
    assert.equal(run.progress?.done, run.progress?.total);
    const { expected, found, repair: how, ghost } = await only();
    assert.deepEqual(
      { expected, found, how, ghost },
      { expected: 'present', found: 'missing', how: 'none', ghost: false },
    );
    assert.partialDeepStrictEqual((await findings(other.tenantId))[0], {
      repair: 'remake',
      ghost: true,
      state: 'open',
    });
    const tasks = await installation.asAdmin<{ left: unknown[] }>(
      null,
      `select what_is_left as left from tasks where kind = 'drift' and state = 'open'`,
    );
    assert.equal(tasks.length, 1);
    assert.ok(JSON.stringify(tasks[0]).includes('table tasks'));
  });

  it('is never repaired unasked', async () => {
    await inStore(`alter role ${schema()} connection limit 1`);
    await check();
    await check();
    const [role] = await inStore(`select rolconnlimit as limit from pg_roles where rolname = '${schema()}'`);
    assert.equal(role?.['limit'], 1);
    assert.equal((await only()).state, 'open');
  });

  it('is brought back when a person asks for it, and says so', async () => {
    await inStore(`grant create on schema ${schema()} to ${schema()}; alter schema ${schema()} owner to ${schema()}`);
    await check();
    const [finding] = await findings();
    const run = await repair(finding!.id);
    assert.equal(run.state, 'succeeded', run.reason ?? '');
    assert.deepEqual([...new Set((await findings()).map(({ state }) => state))], ['repaired']);
    assert.equal((await check()).progress?.found, 0);
    const events = await installation.asAdmin<{ type: string }>(
      null,
      `select type from events where stream = $1 order by version`,
      [`finding:${finding!.id}`],
    );
    assert.deepEqual(
      events.map(({ type }) => type),
      ['drift.found', 'drift.repair_asked', 'drift.repaired'],
    );
  });

  it('that a repair cannot bring back is refused one, and can be accepted', async () => {
    await inStore(`alter table ${schema()}.tasks drop column done_at`);
    await check();
    const finding = await only();
    await assert.rejects(repair(finding.id), refusal('finding_not_repairable'));
    await accept(finding.id, new Date(Date.now() + 86_400_000));
    assert.equal((await only()).state, 'accepted');
  });

  it('stays open with the reason when the repair fails', async () => {
    await inStore(`alter role ${schema()} connection limit 1`);
    await check();
    stepIn = async ({ at, when }) => {
      if (at === 'database.ensure' && when === 'before')
        throw new ProviderError('PostgreSQL', 'PostgreSQL says no.', { retryable: false });
    };
    const run = await repair((await only()).id);
    assert.equal(run.state, 'needs_attention');
    assert.partialDeepStrictEqual(await only(), { state: 'open', repairReason: 'PostgreSQL says no.' });
    stepIn = async () => undefined;
    assert.equal((await repair((await only()).id)).state, 'succeeded');
  });

  it('stays open with the reason when nobody can look at it again', async () => {
    await inStore(`alter role ${schema()} connection limit 1`);
    await check();
    stepIn = async ({ at, when }) => {
      if (at === 'database.verify' && when === 'before') throw new ProviderError('PostgreSQL', 'PostgreSQL is away.');
    };
    assert.equal((await repair((await only()).id)).state, 'needs_attention');
    assert.partialDeepStrictEqual(await only(), { state: 'open', repairReason: 'PostgreSQL is away.' });
  });

  it('that was accepted stays so until its end, and opens again after it', async () => {
    await inStore(`alter role ${schema()} connection limit 1`);
    await check();
    await accept((await only()).id, new Date(Date.now() + 86_400_000));
    assert.equal((await check()).progress?.found, 0);
    assert.equal((await only()).state, 'accepted');
    await installation.asAdmin(null, `update drift_findings set accepted_until = now() where id = $1`, [
      (await only()).id,
    ]);
    assert.equal((await only()).state, 'open', 'before the next check');
    assert.equal((await check()).progress?.found, 1);
    assert.partialDeepStrictEqual(await only(), { state: 'open', accepted: null });
  });

  it('that was accepted opens again when it becomes another difference', async () => {
    await inStore(`alter role ${schema()} connection limit 1`);
    await check();
    await accept((await only()).id, new Date(Date.now() + 86_400_000));
    await inStore(`alter role ${schema()} connection limit 2`);
    await check();
    assert.partialDeepStrictEqual(await only(), { state: 'open', found: '2' });
  });

  it('that went away by itself is gone, and cannot be repaired or accepted any more', async () => {
    await inStore(`alter role ${schema()} connection limit 1`);
    await check();
    await inStore(`alter role ${schema()} connection limit -1`);
    await check();
    const finding = await only();
    assert.equal(finding.state, 'gone');
    await assert.rejects(repair(finding.id), refusal('finding_closed'));
    await assert.rejects(accept(finding.id, new Date(Date.now() + 86_400_000)), refusal('finding_closed'));
  });

  it('is not looked for on a tenant that a run is changing; it is named instead', async () => {
    let goOn = () => undefined as void;
    const released = new Promise<void>((resolve) => (goOn = resolve));
    let reached = () => undefined as void;
    const there = new Promise<void>((resolve) => (reached = resolve));
    stepIn = async ({ at, when }) => {
      if (at !== 'storage.destroy' || when !== 'before') return;
      reached();
      await released;
    };
    const removal = await installation.removeTenant(tenant.tenantId, tenant.slug);
    await there;
    const run = await check(null);
    goOn();
    await installation.runIsOver(removal.runId);
    assert.equal(run.state, 'succeeded');
    const named = run.progress?.skipped.filter(({ tenantId }) => tenantId === tenant.tenantId) ?? [];
    assert.ok(named.length > 0 && named.every(({ title }) => title.startsWith('Drifting')));
    assert.deepEqual(await findings(), []);
  });

  it('is not looked for where a system does not answer: the check says so and is no success', async () => {
    stepIn = async ({ at, when }) => {
      if (at === 'storage.verify' && when === 'before') throw new ProviderError('the file system', 'No answer.');
    };
    const run = await check();
    assert.equal(run.state, 'needs_attention');
    assert.match(run.reason ?? '', /Storage bucket \(No answer\.\)/);
    assert.equal(run.progress?.done, 3);
  });

  it('is looked for by one run at a time', async () => {
    let goOn = () => undefined as void;
    const released = new Promise<void>((resolve) => (goOn = resolve));
    stepIn = async ({ at }) => {
      if (at === 'realm.verify') await released;
    };
    const first = await installation.em.transactional((em) => openCheck(em, null, theSystem));
    await assert.rejects(
      installation.em.transactional((em) => openCheck(em, null, theSystem)),
      (error: DomainError) => error.code === 'run_in_progress' && error.extra['runId'] === first,
    );
    goOn();
    await start(first);
  });

  it('whose check was ended by hand asks for nobody: it is simply asked for again', async () => {
    let goOn = () => undefined as void;
    const released = new Promise<void>((resolve) => (goOn = resolve));
    stepIn = async ({ at }) => {
      if (at === 'realm.verify') await released;
    };
    const runId = await installation.em.transactional((em) => openCheck(em, tenant.tenantId, theSystem));
    await startRun(installation.platform, installation.temporal.client, runId);
    await installation.temporal.client.workflow
      .getHandle(`checkDrift/${tenant.tenantId}/${runId}`)
      .terminate('by hand');
    const run = await installation.runIsOver(runId);
    goOn();
    assert.equal(run.state, 'needs_attention');
    const [row] = await installation.asAdmin<{ attention: boolean }>(
      null,
      'select attention from tenants where id = $1',
      [tenant.tenantId],
    );
    assert.equal(row?.attention, false);
    stepIn = async () => undefined;
    assert.equal((await check()).state, 'succeeded');
  });
});
