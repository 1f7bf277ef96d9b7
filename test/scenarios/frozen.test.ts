import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Position } from '../servers/faults.ts';
import { TestInstallation } from '../servers/installation.ts';
import { remainsOf } from '../servers/remains.ts';
import type { RemoteWorker } from '../servers/remoteWorker.ts';

interface Case {
  at: string;
  when: Position['when'];
  /** The provider's call whose end tells that the late attempt is over. */
  call: string;
  /** Cancelled while the worker is frozen; else the act fails by its timeout. */
  cancelled?: true;
  /** The act runs beside its workflow, so another worker takes both over and the run goes on. */
  goesOn?: true;
}

const cases: Case[] = [
  { at: 'database.ensure', when: 'before', call: 'database.ensure' },
  { at: 'realm.ensure', when: 'before', call: 'realm.ensure', goesOn: true },
  { at: 'storage.ensure', when: 'before', call: 'storage.ensure' },
  { at: 'storage.marker', when: 'before', call: 'storage.ensure' },
  { at: 'storage.prove', when: 'before', call: 'storage.prove' },
  { at: 'database.ensure', when: 'after', call: 'database.ensure', cancelled: true },
  { at: 'realm.ensure', when: 'after', call: 'realm.ensure', cancelled: true },
  { at: 'storage.ensure', when: 'after', call: 'storage.ensure', cancelled: true },
];

describe('a worker frozen in the middle of many steps, whose undos run elsewhere', function () {
  this.timeout(240_000);
  let installation: TestInstallation;
  let frozen: RemoteWorker;
  const found = new Map<
    Case,
    { state: string; reason: string | null; before: string[]; after: string[]; later: string[] }
  >();

  before(async () => {
    installation = await TestInstallation.start({ TENANTRY_ACT_ATTEMPTS: '1', TENANTRY_UNDO_PATIENCE_SECONDS: '120' });
    frozen = await installation.startWorkerProcess();
    const tenants = new Map<Case, { tenantId: string; runId: string }>();
    for (const one of cases) {
      const { halted } = await frozen.haltAt(one.at, one.when);
      tenants.set(one, await installation.createTenant({ name: `Frozen ${one.when} ${one.at}` }));
      await halted;
    }
    const ended = Promise.all(
      cases.map(({ call, when }) => (when === 'before' ? frozen.ended(call) : Promise.resolve(null))),
    );
    frozen.freeze();
    for (const [{ cancelled }, { runId }] of tenants) if (cancelled) await installation.cancelRun(runId);
    const other = await installation.startWorkerProcess();
    const ends = await Promise.all([...tenants.values()].map(({ runId }) => installation.runIsOver(runId, 180_000)));
    await other.kill();

    const look = () => Promise.all([...tenants.values()].map(({ tenantId }) => remainsOf(installation, tenantId)));
    const before = await look();
    frozen.thaw();
    await frozen.goOn();
    await ended;
    const after = await look();
    await delay(1_000);
    const later = await look();
    for (const [i, one] of cases.entries())
      found.set(one, {
        state: ends[i]?.state ?? '',
        // Of a cancelled one either may come first: the cancel, or that its frozen act did not answer.
        reason: one.cancelled ? null : (ends[i]?.reason ?? null),
        before: before[i] ?? ['?'],
        after: after[i] ?? ['?'],
        later: later[i] ?? ['?'],
      });
  });
  after(() => installation.stop());

  for (const one of cases)
    it(`${one.when} ${one.at}${one.cancelled ? ', cancelled meanwhile' : ''}: the late attempt leaves nothing`, () => {
      if (one.goesOn) {
        const { state, before, after, later } = found.get(one)!;
        assert.equal(state, 'succeeded');
        assert.deepEqual([after, later], [before, before], 'what the tenant has is what it had');
        return;
      }
      assert.deepEqual(found.get(one), {
        state: one.cancelled ? 'cancelled' : 'rolled_back',
        reason: one.cancelled ? null : 'No answer within its time.',
        before: [],
        after: [],
        later: [],
      });
    });

  it('lives on, and gives the next tenant everything', async () => {
    assert.ok(await frozen.isAlive());
    assert.ok((await installation.provision({ name: 'The next one, by the thawed worker' })).tenantId);
  });
});

describe('a worker frozen inside the transaction that makes a schema', () => {
  let installation: TestInstallation;
  let frozen: RemoteWorker;
  let migrations: string;

  before(async () => {
    migrations = await mkdtemp(join(tmpdir(), 'tenantry-slow-migrations-'));
    await writeFile(join(migrations, '0001_slow.sql'), `create table slow (id int); select pg_sleep(1.5);`);
    installation = await TestInstallation.start({
      TENANTRY_ACT_ATTEMPTS: '1',
      TENANTRY_UNDO_PATIENCE_SECONDS: '120',
      TENANTRY_TENANT_MIGRATIONS: migrations,
    });
    frozen = await installation.startWorkerProcess();
  });
  after(async () => {
    await installation.stop();
    await rm(migrations, { recursive: true });
  });

  it('loses its transaction, its undo goes on, and the late process lives on and leaves nothing', async () => {
    const ended = frozen.ended('database.ensure');
    const { tenantId, runId } = await installation.createTenant({ name: 'Frozen inside' });
    await installation.until('the migration to run', 30_000, async () => {
      const [store] = await installation.asAdmin<{ database_name: string }>(
        null,
        'select database_name from data_stores',
      );
      const busy = await installation.asAdmin(
        null,
        `select 1 from pg_stat_activity where datname = $1 and state = 'active' and query like '%pg_sleep%'`,
        [store?.database_name],
      );
      return busy.length > 0;
    });
    frozen.freeze();
    const other = await installation.startWorkerProcess();
    const run = await installation.runIsOver(runId, 80_000);
    assert.equal(run.state, 'rolled_back');
    await other.kill();
    assert.deepEqual(await remainsOf(installation, tenantId), []);

    frozen.thaw();
    assert.notEqual(await ended, null);
    await delay(1_000);
    assert.ok(await frozen.isAlive(), 'the thawed process must go on living');
    assert.deepEqual(await remainsOf(installation, tenantId), []);
    const next = await installation.provision({ name: 'The next one, by the thawed worker' });
    assert.ok(next.runId);
  });
});
