import assert from 'node:assert/strict';
import { TestFleet } from './testFleet.ts';

const count = 12;

describe('a migration of the fleet whose worker is killed', () => {
  let fleet: TestFleet;

  before(async () => {
    fleet = await TestFleet.start();
  });
  after(() => fleet.stop());

  it('goes on where it was and repeats no statement', async function () {
    this.timeout(180_000);
    const { installation } = fleet;
    let worker = await installation.startWorkerProcess();
    const tenants = await fleet.provision(count);
    const statements = await fleet.countStatements(tenants);
    await fleet.add(
      'alter table tasks add column due_at timestamptz;\ncreate index tasks_due on tasks (due_at);\nselect pg_sleep(0.3);',
    );
    const runId = await fleet.migrate({ concurrency: 2 });
    for (const part of [0.2, 0.6]) {
      // Asked of the schemas themselves: the registry is told of a batch when it is through.
      await installation.until('a part to be migrated', 30_000, async () => {
        const versions = await fleet.versionsOf(tenants);
        return versions.filter((version) => version === fleet.newest).length >= count * part;
      });
      await worker.kill();
      worker = await installation.startWorkerProcess();
    }
    await fleet.ends('succeeded', runId);
    assert.deepEqual(await fleet.versionsOf(tenants), Array(count).fill(fleet.newest));
    const counted = await statements();
    assert.equal(counted.size, count * 2);
    assert.ok([...counted.values()].every((times) => times === 1));
    assert.partialDeepStrictEqual((await installation.run(runId)).progress, { done: count, total: count });
  });
});
