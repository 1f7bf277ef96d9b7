import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { theSystem } from '#domain/events/appendEvent.ts';
import { bucketNameOf } from '#domain/resources/names.ts';
import { resumeTenant, suspendTenant } from '#domain/suspension/suspendTenant.ts';
import { startRun } from '#temporal/startRun.ts';
import { TestInstallation } from '../../servers/installation.ts';

/** What a worker is about to do when it freezes; meanwhile others complete the run and do the opposite. */
const cases = (['database', 'realm', 'storage'] as const).flatMap((provider) => [
  { provider, frozenIn: 'open', then: 'suspended' } as const,
  { provider, frozenIn: 'suspend', then: 'open' } as const,
]);

describe('a worker frozen while it opens or closes a tenant, whose decision was reversed meanwhile', function () {
  this.timeout(240_000);
  let installation: TestInstallation;

  before(async () => {
    // What the server hands to the frozen worker's open polls is lost, one attempt each.
    installation = await TestInstallation.start({ TENANTRY_ACT_ATTEMPTS: '40' });
  });
  after(() => installation.stop());

  const start = async (runId: string) => startRun(installation.platform, installation.temporal.client, runId);
  const ends = async (runId: string) => assert.equal((await installation.runIsOver(runId, 90_000)).state, 'succeeded');
  async function begin(to: 'open' | 'suspended', { tenantId, slug }: { tenantId: string; slug: string }) {
    const { runId } = await installation.em.transactional(async (tx): Promise<{ runId: string | null }> =>
      to === 'open'
        ? resumeTenant(tx, tenantId, theSystem)
        : suspendTenant(
            tx,
            installation.platform.tenantKeys,
            tenantId,
            { confirm: slug, reason: 'A test.' },
            theSystem,
          ),
    );
    await start(runId!);
    return runId!;
  }

  /** As it really is, in each system. */
  async function accessOf(tenantId: string): Promise<Record<string, string>> {
    const [found] = await installation.asAdmin<{ login: boolean; realm: string }>(
      null,
      `select (select rolcanlogin from pg_roles where rolname = split_part(external_id, '/', 2)) as login,
         (select access from realms where tenant_id = $1) as realm
       from resources where tenant_id = $1 and provider = 'database'`,
      [tenantId],
    );
    const folder = await stat(join(installation.configuration.storageDir, bucketNameOf(tenantId)));
    return {
      database: found!.login ? 'open' : 'suspended',
      realm: found!.realm,
      storage: (folder.mode & 0o070) === 0 ? 'suspended' : 'open',
    };
  }

  it('reads when it goes on what is wanted by then, in each system and both ways', async () => {
    const frozen = await installation.startWorkerProcess();
    const tenants = await Promise.all(
      cases.map(async (one) => ({
        ...one,
        ...(await installation.provision({ name: `Frozen in ${one.provider} ${one.frozenIn}` })),
      })),
    );
    const suspended = tenants.filter(({ frozenIn }) => frozenIn === 'open');
    await Promise.all(suspended.map(async (tenant) => ends(await begin('suspended', tenant))));
    await frozen.plan(
      tenants.map(({ tenantId, provider, frozenIn }) => ({
        tenantId,
        halt: { at: `${provider}.${frozenIn}`, when: 'before' },
      })),
    );
    const halted = frozen.allHalted(
      tenants.map(({ tenantId }) => tenantId),
      60_000,
    );
    const first = await Promise.all(
      tenants.map((tenant) => begin(tenant.frozenIn === 'open' ? 'open' : 'suspended', tenant)),
    );
    assert.deepEqual(await halted, [], 'all are where they freeze');
    const thawed = frozen.callsEnded(tenants.length);
    frozen.freeze();

    const other = await installation.startWorkerProcess();
    await Promise.all(first.map(ends));
    await Promise.all(tenants.map(async (tenant) => ends(await begin(tenant.then, tenant))));
    await other.kill();
    await assertAccess(tenants, 'before the thaw');

    frozen.thaw();
    await frozen.goOn();
    await thawed;
    await delay(500);
    await assertAccess(tenants, 'the late attempts turned nothing around');
    await frozen.kill();
  });

  async function assertAccess(tenants: { tenantId: string; then: string }[], why: string): Promise<void> {
    for (const { tenantId, then } of tenants)
      assert.deepEqual(await accessOf(tenantId), { database: then, realm: then, storage: then }, why);
  }
});
