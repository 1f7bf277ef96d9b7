import type { Breach } from '../drill.ts';
import { Ground } from '../ground.ts';
import type { DrillServers } from '../drillServers.ts';
import { brokenInvariants } from '../invariants.ts';
import { beginAll, packed, prepareAll, type Cell } from '../killMatrix/batch.ts';
import type { Random } from '../random.ts';
import { endOf, endsOf, told } from './lifeCells.ts';

const patienceMs = 120_000;
/** Few enough for what one worker holds at once. */
const atOnce = 20;

/**
 * The worker is frozen in an act, before its effect or after it; another one takes the run to its end. Thawed, what is late still acts or
 * reports: it must change nothing of what has become of the tenant meanwhile.
 */
export async function lateActs(
  servers: DrillServers,
  cells: readonly Cell[],
  random: Random,
): Promise<{ late: number; breaches: Breach[] }> {
  const ground = await Ground.open(servers, { TENANTRY_UNDO_PATIENCE_SECONDS: '120' });
  const breaches: Breach[] = [];
  try {
    for (const batch of packed(cells, random, atOnce)) {
      const late = await ground.startWorker();
      const begun = await beginAll(ground, await prepareAll(ground, batch));
      late.freeze();
      const other = await ground.startWorker();
      await other.plan(begun.map(({ subject, cell }) => ({ tenantId: subject, fail: cell.story.fails })));
      await ground.settled(
        begun.map(({ subject }) => subject),
        patienceMs,
      );
      await other.kill();
      const before = await endsOf(ground, begun);
      const ended = late.allEnded(begun.map(({ cell }) => cell.place.position.at));
      late.thaw();
      await late.goOn();
      await ended;
      ground.worker = late;
      const next = await ground.create('After the thaw');
      await ground.settled([next.tenantId], patienceMs);
      for (const [at, end] of (await endsOf(ground, begun)).entries()) {
        const one = begun[at]!;
        if (before[at] !== endOf(one)) breaches.push({ rule: 'D2', what: `${told(one.cell)}: ended ${before[at]}` });
        if (end !== before[at]) breaches.push({ rule: 'D2', what: `${told(one.cell)}: ${before[at]} became ${end}` });
      }
      breaches.push(...(await brokenInvariants(ground)));
      await late.kill();
    }
    return { late: cells.length, breaches };
  } finally {
    await ground.close();
  }
}
