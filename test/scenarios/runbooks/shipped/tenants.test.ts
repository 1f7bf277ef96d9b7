import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { keepBackup } from '../../backups/keepBackup.ts';
import { inTenant } from '../../offboarding/leavingTenant.ts';
import { loginOf, works } from '../../handover/rotation.ts';
import { RunbookWorld } from '../runbookWorld.ts';
import { carriedOut, ended, outputOf } from './carriedOut.ts';

describe('a shipped runbook for a tenant', () => {
  let world: RunbookWorld;
  let tenantId: string;
  before(async () => {
    world = await RunbookWorld.start();
    ({ tenantId } = await world.api.installation.provision({ name: 'Moved', admin: { email: 'admin@moved.example' } }));
  });
  after(() => world.stop());

  const stateOf = async (id: string): Promise<string | undefined> =>
    (await world.api.installation.asAdmin<{ state: string }>(null, 'select state from tenants where id = $1', [id]))[0]
      ?.state;
  const valueOf = async (): Promise<unknown> =>
    (await inTenant(world.api.installation, tenantId, `select value from settings where name = 'runbook'`)).rows[0]
      ?.value;

  describe('"Onboard a tenant"', () => {
    it('makes it, backs it up, proves the backup, and has the customer welcomed', async () => {
      const address = `welcome-${randomBytes(4).toString('hex')}`;
      const over = await carriedOut(world, 'onboard-a-tenant', {
        inputs: { name: 'Welcome', address },
        deeds: {
          welcome: ({ message }) => {
            assert.match(message!, new RegExp(address));
            return { answers: { 'signed-in': true } };
          },
        },
      });
      ended(over);
      const made = String(outputOf(over, 'make')['tenantId']);
      assert.equal(await stateOf(made), 'active');
      const proven = await world.api.installation.asAdmin(
        null,
        'select 1 from backups where tenant_id = $1 and proven_at is not null',
        [made],
      );
      assert.equal(proven.length, 1);
    });

    it('in practice looks at plan and address, and makes nothing', async () => {
      const count = () => world.api.installation.asAdmin(null, 'select count(*)::int as count from tenants');
      const before = await count();
      ended(await carriedOut(world, 'onboard-a-tenant', { inputs: { name: 'Never' }, practice: true }));
      assert.deepEqual(await count(), before);
    });
  });

  describe('"Restore a tenant"', () => {
    before(async () => {
      const write = `insert into settings (name, value) values ('runbook', '"then"') on conflict (name) do update set value = excluded.value`;
      await inTenant(world.api.installation, tenantId, write);
      await keepBackup(world.api.installation, tenantId);
      await inTenant(world.api.installation, tenantId, write.replace('then', 'now'));
    });

    it('in practice proves the backup in a throw-away database, and leaves the tenant alone', async () => {
      const over = await carriedOut(world, 'restore-a-tenant', { inputs: { tenant: tenantId }, practice: true });
      ended(over);
      assert.equal(world.states(over)['restore'], 'skipped');
      assert.equal(await valueOf(), 'now');
    });

    it('brings back what was, once the backup is proven and another person agrees', async () => {
      const over = await carriedOut(world, 'restore-a-tenant', {
        inputs: { tenant: tenantId },
        deeds: { agree: async () => assert.equal(await valueOf(), 'now') },
      });
      ended(over);
      assert.equal(await valueOf(), 'then');
      assert.equal(await stateOf(tenantId), 'active');
    });
  });

  describe('"Rotate the database password or signing key of a tenant"', () => {
    it('in practice looks whether it could begin', async () => {
      const before = await loginOf(world.api.installation, tenantId);
      ended(await carriedOut(world, 'rotate-tenant-secrets', { inputs: { tenant: tenantId }, practice: true }));
      assert.deepEqual(await loginOf(world.api.installation, tenantId), before);
    });

    it('lets both work for as long as it is told, and then only the new one', async () => {
      const { installation } = world.api;
      const old = await loginOf(installation, tenantId);
      const over = await carriedOut(world, 'rotate-tenant-secrets', {
        inputs: { tenant: tenantId, 'overlap-seconds': 8 },
        deeds: {
          take: async () => {
            const next = await installation.until('the new password', 30_000, async () => {
              const login = await loginOf(installation, tenantId);
              return login.password === old.password ? null : login;
            });
            assert.deepEqual([await works(installation, old), await works(installation, next)], [true, true]);
          },
        },
      });
      ended(over);
      const next = await loginOf(installation, tenantId);
      assert.deepEqual([await works(installation, old), await works(installation, next)], [false, true]);
    });
  });

  describe('"Offboard a tenant"', () => {
    it('in practice reads everything that it has, and closes nothing', async () => {
      ended(await carriedOut(world, 'offboard-a-tenant', { inputs: { tenant: tenantId }, practice: true }));
      assert.equal(await stateOf(tenantId), 'active');
    });

    it('is taken back where the customer wants to stay after all', async () => {
      const over = await carriedOut(world, 'offboard-a-tenant', {
        inputs: { tenant: tenantId, 'grace-days': 30 },
        deeds: {
          'agree-with-customer': () => ({ answers: { 'confirmed-by': 'Head of purchasing' } }),
          received: ({ waitsFor }) =>
            waitsFor === 'person' ? { outcome: 'failed', note: 'They stay' } : { decision: 'stop' },
        },
      });
      ended(over, 'rolled_back');
      assert.equal(world.states(over)['leave'], 'undone');
      assert.equal(await stateOf(tenantId), 'active');
    });

    it('closes it with a copy handed over; the erasure waits for its day', async () => {
      const over = await carriedOut(world, 'offboard-a-tenant', {
        inputs: { tenant: tenantId, 'grace-days': 30 },
        deeds: { 'agree-with-customer': () => ({ answers: { 'confirmed-by': 'Head of purchasing' } }) },
      });
      ended(over);
      assert.equal(await stateOf(tenantId), 'offboarding');
      const left = over.steps.find(({ key }) => key === 'leave')!;
      assert.equal((await world.api.installation.run(left.childRunId!)).held?.by, 'grace');
    });
  });
}).timeout(240_000);
