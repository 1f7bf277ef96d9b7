import assert from 'node:assert/strict';
import { FleetSettings } from '#contracts/fleet/migrations.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { openFleetRun } from '#domain/fleet/openFleetRun.ts';
import { second, TestFleet, type TestTenant } from './testFleet.ts';

describe('the folder of a fleet', () => {
  let fleet: TestFleet;
  let tenants: TestTenant[];

  before(async () => {
    fleet = await TestFleet.start();
    await fleet.installation.startWorker();
    tenants = await fleet.provision(3);
    await fleet.add(second['0002_due.sql']);
    await fleet.ends('succeeded', await fleet.migrate());
  });
  after(() => fleet.stop());

  it('refuses a folder that has a gap, or in which a released file was edited', async () => {
    const { installation } = fleet;
    const problem = (text: RegExp) =>
      installation.until(`the problem ${text}`, 10_000, async () => {
        const [row] = await installation.asAdmin<{ problem: string | null }>(
          null,
          'select problem from migration_catalogue',
        );
        return text.test(row?.problem ?? '');
      });
    await fleet.write({ ...fleet.files, '0099_gap.sql': 'select 1' });
    await problem(/without gaps.*0099_gap/);
    await fleet.refuses({}, 'migrations_refused', /0099_gap/);
    await fleet.write({ ...fleet.files, '0001_tasks.sql': 'create table tasks (id int)' });
    await problem(/0001_tasks was edited after it was released/);
    await fleet.refuses({}, 'migrations_refused', /edited/);
    await fleet.write({
      ...fleet.files,
      [`${String(fleet.newest + 1).padStart(4, '0')}_ends.sql`]: 'select 1; commit',
    });
    await problem(/ends the transaction/);
    await fleet.write(fleet.files, { isTold: true });
    await installation.until('the folder to be fine', 10_000, async () => {
      const [row] = await installation.asAdmin<{ problem: string | null }>(
        null,
        'select problem from migration_catalogue',
      );
      return row?.problem === null;
    });
  });

  it('refuses what was planned with another folder', async () => {
    await fleet.add('select 1');
    await assert.rejects(
      fleet.installation.em.transactional((em) =>
        openFleetRun(em, { ...FleetSettings.parse({}), digest: 'another' }, theSystem),
      ),
      { code: 'migrations_moved' },
    );
    await fleet.refuses({ target: 99 }, 'migrations_refused', /no version 99/);
    const runId = await fleet.migrate();
    await fleet.ends('succeeded', runId);
  });

  it('quarantines the one tenant whose own list was tampered with', async () => {
    const [tampered] = tenants;
    await fleet.in(tampered!, `update ${tampered!.schema}.schema_migrations set checksum = 'other' where number = 2`);
    await fleet.add('select 2');
    const run = await fleet.ends('needs_attention', await fleet.migrate());
    assert.match(await fleet.reasonIn(run.id), /0002_step was edited after it was applied/);
    assert.equal(
      (await fleet.versionsOf(tenants)).filter((version) => version === fleet.newest).length,
      tenants.length - 1,
    );
  });
});
