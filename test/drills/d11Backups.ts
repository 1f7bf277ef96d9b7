import { join } from 'node:path';
import type { DomainError } from '#contracts/errors.ts';
import { BackupWorld, digestsOf } from '#test/scenarios/backups/backedUpTenant.ts';
import { oddSchema } from '#test/scenarios/backups/oddSchema.ts';
import { spoilings } from '#test/scenarios/backups/spoilings.ts';
import { inTenant } from '#test/scenarios/offboarding/leavingTenant.ts';
import type { Breach, Drill, DrillRoom, Outcome } from './drill.ts';

/** Backups are spoiled where chance says: each is refused for its reason and changes nothing, and the good one restores with equal digests. */
export const spoiledBackups: Drill = {
  id: 'D11',
  title: 'backups cut short, bit-flipped, with parts missing, swapped, of another key or tenant, and empty',
  full: (room) => drill(room, { rounds: 12, chosen: Object.keys(spoilings) }),
  subset: (room) => drill(room, { rounds: 1, chosen: room.random.some(Object.keys(spoilings), 4) }),
};

async function drill(
  { servers, random, say }: DrillRoom,
  { rounds, chosen }: { rounds: number; chosen: readonly string[] },
): Promise<Outcome> {
  const world = await BackupWorld.start({}, servers);
  const breaches: Breach[] = [];
  let [refused, restored] = [0, 0];
  try {
    const { tenantId } = await world.installation.provision({ name: 'Spoiled' });
    const neighbour = await world.installation.provision({ name: 'Neighbour' });
    await inTenant(world.installation, tenantId, oddSchema);
    const other = (await world.copy(neighbour.tenantId)).target;
    const digests = async (of: string) =>
      JSON.stringify(digestsOf(await world.open((await world.copy(of)).target), 'database'));
    const untouched = await digests(neighbour.tenantId);
    for (let round = 0; round < rounds; round++)
      for (const what of chosen) {
        const { target, manifest } = await world.copy(tenantId);
        const good = await digests(tenantId);
        await inTenant(world.installation, tenantId, `insert into projects (title) values ('After ${restored}')`);
        const before = await digests(tenantId);
        const spoiling = spoilings[what]!;
        const root = join(world.folder, 'backups');
        const spoiled = await spoiling.apply({ root, target, manifest, other, world, chance: () => random.next() });
        for (const [how, read] of [
          ['verified', () => world.verify(spoiled.target)],
          ['restored', () => world.bringBack(spoiled.target)],
        ] as const) {
          const code = await read().then(
            () => 'taken for good',
            (error: DomainError) => error.code ?? String(error),
          );
          if (spoiling.codes.includes(code as DomainError['code'])) refused += 1;
          else breaches.push({ rule: 'D11', what: `${what}, ${how}: ${code}` });
        }
        if ((await digests(tenantId)) !== before)
          breaches.push({ rule: 'D11', what: `${what}: it changed the tenant` });
        await spoiled.mend();
        await world.bringBack(target);
        if ((await digests(tenantId)) === good) restored += 1;
        else breaches.push({ rule: 'D11', what: `after ${what}: the good one restored something else` });
      }
    if ((await digests(neighbour.tenantId)) !== untouched)
      breaches.push({ rule: 'D11', what: 'a neighbour was changed' });
    say(`${refused} readings of spoiled backups refused, ${restored} good ones restored`);
    return {
      figures: [
        {
          what: 'good backups restored with equal digests',
          value: restored,
          unit: '',
          limit: { atLeast: rounds * chosen.length },
        },
      ],
      breaches,
    };
  } finally {
    await world.stop();
  }
}
