import assert from 'node:assert/strict';
import type { DomainError } from '#contracts/errors.ts';
import { publishedKeys } from '#domain/realms.ts';
import { createDeps, type WorkerDeps } from '#workers/createDeps.ts';
import { TestInstallation } from '../../servers/installation.ts';
import { dayMs, startTimeSkipping, type TimeSkippingServer } from '../../servers/timeSkipping.ts';
import { connectAs, loginOf, manifestOf, rotate, works } from './rotation.ts';

describe('rotating the secrets of a tenant', () => {
  let server: TimeSkippingServer;
  let installation: TestInstallation;
  let deps: WorkerDeps;
  let tenant: { tenantId: string; slug: string };

  before(async () => {
    server = await startTimeSkipping();
    installation = await TestInstallation.start({}, server.servers);
    await installation.startWorker();
    deps = createDeps(installation.platform, installation.temporal.client);
  });
  beforeEach(async () => {
    tenant = await installation.provision({ name: 'Keys and Locks' });
  });
  after(async () => {
    await deps?.closeStores();
    await installation?.stop();
    await server?.stop();
  });

  const waits = (runId: string) => installation.runIs('waiting', runId);
  const isOver = (runId: string) => installation.runIsOver(runId);
  const keys = async () => (await publishedKeys(installation.em, tenant.tenantId)).keys.map(({ kid }) => kid);
  const secretNames = async () =>
    (
      await installation.asAdmin<{ name: string }>(
        null,
        `select s.name from resource_secrets s join resources r on r.id = s.resource_id
         where r.tenant_id = $1 order by 1`,
        [tenant.tenantId],
      )
    ).map(({ name }) => name.replace(/:.*/, ':…'));

  /** What every provider finds: nothing, at each moment of a rotation. */
  async function isAsMade(): Promise<void> {
    const resources = await installation.asAdmin<{ id: string; provider: string; access: 'open'; run_id: string }>(
      null,
      `select id, provider, access, run_id from resources where tenant_id = $1 and state = 'present'`,
      [tenant.tenantId],
    );
    for (const { id: resourceId, provider, access, run_id: runId } of resources) {
      const spec = { resourceId, access, runId, epoch: 1, region: 'default', tenantId: tenant.tenantId };
      const found = await deps.providers[provider]!.verify({
        ...spec,
        installationId: installation.platform.installation.id,
      });
      assert.deepEqual(found, [], provider);
    }
  }

  it('both passwords work until the overlap is over; then the old one ends, with every session that it opened', async () => {
    const before = await loginOf(installation, tenant.tenantId);
    const runId = await rotate(installation, tenant, { kinds: ['database'], overlapSeconds: 3_600 });
    await waits(runId);
    await assert.rejects(rotate(installation, tenant), (error: DomainError) => error.code === 'run_in_progress');
    const after = await loginOf(installation, tenant.tenantId);
    assert.notEqual(after.role, before.role);
    assert.notEqual(after.password, before.password);
    const told = await manifestOf(installation, tenant.tenantId);
    assert.equal(told['previousRole'], before.role);
    const inAnHour = (await server.now()) + 3_600_000;
    assert.ok(Math.abs(Date.parse(told['previousRoleEndsAt']!) - inAnHour) < 60_000);
    assert.ok(await works(installation, before));
    assert.ok(await works(installation, after));
    await isAsMade();

    const [old, next] = [await connectAs(installation, before), await connectAs(installation, after)];
    const ended = new Promise((resolve) => old.once('end', resolve));
    await server.skip(3_700_000);
    assert.equal((await isOver(runId)).state, 'succeeded');
    await ended;
    assert.equal(await works(installation, before), false);
    assert.ok(await works(installation, after));
    assert.equal((await next.query('select current_user as me')).rows[0].me, before.role); // it acts as the tenant's role
    await next.end();
    assert.equal((await manifestOf(installation, tenant.tenantId))['previousRole'], undefined);
    assert.deepEqual(await secretNames(), ['password:…', 'signing_key']);
    await isAsMade();
  });

  it('again and again, by turns of the two roles', async () => {
    const roles: string[] = [];
    for (let turn = 0; turn < 3; turn++) {
      const before = await loginOf(installation, tenant.tenantId);
      roles.push(before.role);
      assert.equal((await isOver(await rotate(installation, tenant, { overlapSeconds: 0 }))).state, 'succeeded');
      assert.equal(await works(installation, before), false);
      assert.ok(await works(installation, await loginOf(installation, tenant.tenantId)));
      await isAsMade();
    }
    assert.equal(roles[0], roles[2]);
    assert.equal(new Set(roles).size, 2);
    assert.deepEqual(await secretNames(), ['password:…', 'signing_key:…']);
    assert.equal((await keys()).length, 1);
    assert.match((await keys())[0]!, /-4$/);
  });

  it('publishes the new key before it signs, keeps the old one until the end, and then destroys its private part', async () => {
    const [born] = await keys();
    const runId = await rotate(installation, tenant, { kinds: ['realm'], overlapSeconds: 7_200 });
    await waits(runId);
    assert.equal((await keys()).length, 2);
    const signing = async () =>
      (
        await installation.asAdmin<{ slot: string }>(
          null,
          `select slot from credentials where tenant_id = $1 and kind = 'realm' and state = 'current'`,
          [tenant.tenantId],
        )
      )[0]?.slot;
    assert.equal(await signing(), born);
    await isAsMade();
    await server.skip(700_000);
    await installation.until('the new key to sign', 20_000, async () => (await signing()) !== born);
    await waits(runId);
    assert.equal((await keys()).length, 2);
    await isAsMade();
    await server.skip(7_200_000);
    assert.equal((await isOver(runId)).state, 'succeeded');
    assert.deepEqual(await keys(), [await signing()]);
    assert.deepEqual(await secretNames(), ['password', 'signing_key:…']);
    await isAsMade();
  });

  it('taken back during the overlap, leaves what was before, and nothing of the new', async () => {
    const before = await loginOf(installation, tenant.tenantId);
    const [born] = await keys();
    const runId = await rotate(installation, tenant);
    await waits(runId);
    const after = await loginOf(installation, tenant.tenantId);
    const session = await connectAs(installation, after);
    const ended = new Promise((resolve) => session.once('end', resolve));
    await installation.cancelRun(runId);
    assert.equal((await isOver(runId)).state, 'cancelled');
    await ended;
    assert.equal(await works(installation, after), false);
    assert.deepEqual(await loginOf(installation, tenant.tenantId), before);
    assert.ok(await works(installation, before));
    assert.deepEqual(await keys(), [born]);
    assert.deepEqual(await secretNames(), ['password', 'signing_key']);
    await isAsMade();
    // The next one begins as if nothing had been.
    assert.equal((await isOver(await rotate(installation, tenant, { overlapSeconds: 0 }))).state, 'succeeded');
    assert.ok(await works(installation, await loginOf(installation, tenant.tenantId)));
  });

  it('ends with its tenant, which goes whole, with both roles', async () => {
    const runId = await rotate(installation, tenant, { overlapSeconds: 20 * (dayMs / 1000) });
    await waits(runId);
    const removal = await installation.removeTenant(tenant.tenantId, tenant.slug);
    assert.equal((await isOver(removal.runId)).state, 'succeeded');
    assert.equal((await isOver(runId)).state, 'rolled_back');
    const { remainsOf } = await import('../../servers/remains.ts');
    assert.deepEqual(await remainsOf(installation, tenant.tenantId), []);
  });
});
