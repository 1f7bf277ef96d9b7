import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { findLock } from '#domain/orphans/sweepLock.ts';
import { listOrphans } from '#domain/orphans/listOrphans.ts';
import { schemaNameOf } from '#domain/resources/names.ts';
import { freePorts } from '#local/ports.ts';
import { startTemporal, type RunningTemporal } from '#local/temporal.ts';
import { Random } from '#test/drills/random.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import { makeMigrated } from '#test/servers/registry/migratedDatabase.ts';
import { tenantry } from '../tenantry.ts';
import { becomes, Recovering } from './recoverGround.ts';

describe('tenantry recover rebuild-the-control-plane: registry and Temporal are both lost', function () {
  this.timeout(300_000);
  let folder: string;
  let temporal: RunningTemporal;
  let ports: { grpc: number; ui: number };
  let installation: TestInstallation;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tenantry-rebuild-'));
    await chmod(folder, 0o711);
    const [grpc = 0, ui = 0] = await freePorts(2);
    ports = { grpc, ui };
    temporal = await startTemporal({ dataDir: join(folder, 'first'), choosePorts: async () => ports });
    installation = await TestInstallation.start({
      TENANTRY_BACKUP_PLACE: join(folder, 'backups'),
      TEMPORAL_ADDRESS: temporal.address,
      TENANTRY_SWEEP_GRACE_SECONDS: '0',
    });
  });
  after(async () => {
    await installation?.stop();
    await temporal?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('knows every tenant again, lets what was under way go on, executes nothing twice, and asks about what it forgot', async () => {
    const calls: string[] = [];
    let reached = () => undefined as void;
    const there = new Promise<void>((resolve) => (reached = resolve));
    let lose = () => undefined as void;
    const lost = new Promise<void>((resolve) => (lose = resolve));
    let isHolding = false;
    const note = async ({ at, when }: { at: string; when: string }, _attempt: number, tenantId?: string | null) => {
      if (when === 'after' && /\.(ensure|destroy)$/.test(at)) calls.push(`${at} ${tenantId}`);
      if (!isHolding || at !== 'storage.ensure' || when !== 'before') return;
      reached();
      await lost;
      throw new Error('lost with its machine');
    };
    const first = await installation.startWorker(note);
    const kept = await installation.provision({ name: 'Before the backup', slug: 'before' });
    isHolding = true;
    const underWay = await installation.createTenant({ name: 'Under way', slug: 'under-way' });
    await there;
    isHolding = false;
    const backedUp = await tenantry(['backup', 'platform'], installation.env);
    assert.equal(backedUp.code, 0, backedUp.said);
    const forgotten = await installation.provision({ name: 'After the backup', slug: 'after' });

    const schemas = async () => {
      const [store] = await installation.asAdmin<{ name: string }>(
        null,
        'select database_name as name from data_stores',
      );
      return installation.asAdmin<{ name: string; oid: number }>(store!.name, `select nspname as name, oid from pg_namespace where nspname like 't\\_%' order by 1`); // prettier-ignore
    };
    const made = await schemas();
    for (const { tenantId } of [kept, underWay, forgotten])
      assert.ok(made.some((schema) => schema.name === schemaNameOf(tenantId)));

    // The worst day: the workers, the registry and the cluster with its file.
    const stopped = first.stop();
    lose();
    await stopped;
    await installation.temporal.close();
    await installation.platform.close();
    const name = new URL(installation.env['TENANTRY_APP_DATABASE_URL']!).pathname.slice(1);
    await installation.asAdmin('postgres', `drop database ${pg.escapeIdentifier(name)} with (force)`);
    await temporal.stop();
    await rm(join(folder, 'first'), { recursive: true, force: true });
    const before = [...calls];

    const urls = await makeMigrated(installation.adminUrl, name);
    const env = {
      ...installation.env,
      TENANTRY_APP_DATABASE_URL: urls.appUrl,
      TENANTRY_MIGRATOR_DATABASE_URL: urls.migratorUrl,
      TENANTRY_PROVISIONER_DATABASE_URL: urls.provisionerUrl,
      TENANTRY_READER_DATABASE_URL: urls.readerUrl,
    };
    const recover = (...told: string[]) =>
      new Recovering(['rebuild-the-control-plane', '--journal', join(folder, 'journal'), '--no-ask', ...told.flatMap((one) => ['--decide', one])], env); // prettier-ignore
    /** Killed again and again, some of them in the middle of a step: each goes on where the journal says. */
    const random = new Random(Number(process.env['TEST_SEED'] ?? 109));
    const killOften = async (times: number, ...told: string[]): Promise<void> => {
      for (let time = 0; time < times; time += 1) {
        const attempt = recover(...told);
        await Promise.race([attempt.over, delay(900 + random.below(2_500))]);
        await attempt.kill();
      }
    };
    const killed = recover('fence=done,Ada,switched off');
    await becomes('the restore', () => killed.said.includes('is whole'));
    await killed.kill();
    await killOften(4);
    const waiting = await recover().over;
    assert.equal(waiting.code, 4, waiting.said);
    assert.match(waiting.said, /"Start it"/);
    assert.match(waiting.said, /1 runs were under way|already/);

    temporal = await startTemporal({ dataDir: join(folder, 'second'), choosePorts: async () => ports });
    installation = await TestInstallation.open(env, installation.adminUrl, name);
    await installation.startWorker(note);
    await killOften(4, 'start=done,Ada');
    const { code, said } = await recover('start=done,Ada', 'judge=done,Bob,told the owner').over;
    assert.equal(code, 0, said);

    assert.equal((await installation.runIsOver(underWay.runId)).state, 'succeeded');
    const tenants = await installation.asAdmin<{ name: string; state: string }>(null, 'select name, state from tenants order by created_at'); // prettier-ignore
    assert.deepEqual(tenants, [
      { name: 'Before the backup', state: 'active' },
      { name: 'Under way', state: 'active' },
    ]);
    // A run that goes on finds what the lost cluster had made: the same schema, not another one; and nothing was destroyed.
    const again = calls.slice(before.length);
    assert.ok(again.includes(`storage.ensure ${underWay.tenantId}`));
    assert.ok(
      again.every((call) => call.includes('ensure') && call.includes(underWay.tenantId)),
      again.join(),
    );
    assert.deepEqual(await schemas(), made);

    const found = await listOrphans(installation.em, { limit: 200 });
    const ofForgotten = found.items.filter(({ tenantId }) => tenantId === forgotten.tenantId).map(({ what }) => what);
    assert.ok(ofForgotten.includes('Schema') && ofForgotten.includes('Storage bucket'), ofForgotten.join());
    assert.ok(await findLock(installation.em), 'removals are locked');
    const [task] = await installation.asAdmin<{ reason_code: string; what_is_left: { where: string }[] }>(
      null,
      `select reason_code, what_is_left from tasks where kind = 'orphans' and state = 'open'`,
    );
    assert.equal(task?.reason_code, 'sweep_locked');
    assert.ok(JSON.stringify(task.what_is_left).includes(schemaNameOf(forgotten.tenantId)));
    const events = await installation.asAdmin<{ type: string }>(null, `select type from events where type in ('platform.restored', 'platform.cluster_confirmed') order by id`); // prettier-ignore
    assert.deepEqual(
      events.map(({ type }) => type),
      ['platform.restored', 'platform.cluster_confirmed'],
    );
  });
});
