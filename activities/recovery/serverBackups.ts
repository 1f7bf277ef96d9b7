import { Context } from '@temporalio/activity';
import { DomainError } from '#contracts/errors.ts';
import type { Drained } from '#contracts/workflowInputs.ts';
import {
  baseIsDue,
  beginBase,
  isOpenRun,
  noteArchive,
  noteArchiveAway,
  noteBaseFailed,
  noteBaseProven,
} from '#domain/physical/serverBackups.ts';
import { finishTakenBack } from '#domain/backups/runs/finishTakenBack.ts';
import { registryTime } from '#domain/sql.ts';
import { countArchiveCheck, countServerBackup } from '#observability/recovery/serverBackupMetrics.ts';
import type { ArchiveStatus } from '#providers/physical/physicalBackup.ts';
import type { Deps } from '../deps.ts';

type Needed = Pick<Deps, 'registry' | 'configuration' | 'physical'>;

const nothing: Drained = { done: 0, isOver: true };

/** What schedules do for the whole server. Refusals are told as tasks and events; outages are tried again. */
export const serverBackups = (deps: Needed) => ({
  'drain.shipLog': () => shipServerLog(deps, Context.current().cancellationSignal),
  'drain.backUpServer': () => backUpServer(deps, Context.current().cancellationSignal),
  'drain.checkArchive': () => checkServerArchive(deps, Context.current().cancellationSignal),
});

/** What the server has put aside is safe only where it is kept. A refusal fails the time: the hourly check tells of it. */
export async function shipServerLog({ registry, physical }: Needed, signal: AbortSignal): Promise<Drained> {
  if (!physical) return nothing;
  for (const runId of await physical.sweep((id) => isOpenRun(registry.em.fork(), id)))
    await registry.em.fork().transactional((em) => finishTakenBack(em, runId, 'recovery.restore'));
  return { done: await physical.ship(signal), isOver: true };
}

/** Once a day, and where a gap asks for it; older ones go only when the new one was read again. */
export async function backUpServer(
  { registry, configuration, physical }: Needed,
  signal: AbortSignal,
): Promise<Drained> {
  const em = registry.em.fork();
  if (!physical || !(await baseIsDue(em, new Date(await registryTime(em)), configuration.physical))) return nothing;
  const id = await beginBase(em);
  try {
    const written = await physical.backUp(id, { signal });
    await physical.verify(id, { signal });
    const { bases } = await physical.expire(configuration.physical.basesKept, signal);
    await noteBaseProven(em, id, written, bases);
    countServerBackup('proven');
    return { done: 1, isOver: true };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    await noteBaseFailed(em, id, { code: error.code, text: error.publicMessage });
    await physical.discard(id).catch(() => undefined);
    countServerBackup('failed');
    return nothing;
  }
}

export async function checkServerArchive({ registry, physical }: Needed, signal: AbortSignal): Promise<Drained> {
  if (!physical) return nothing;
  const em = registry.em.fork();
  let isWhole: boolean;
  try {
    isWhole = await noteArchive(em, foundIn(await physical.archive(signal)));
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    isWhole = await noteArchiveAway(em, { code: error.code, text: error.publicMessage });
  }
  countArchiveCheck(isWhole ? 'whole' : 'broken');
  return { done: 1, isOver: true };
}

/** A gap that a newer base backup lies behind stands in nobody's way any more. */
function foundIn({ windows, segments, storedBytes, waiting, failing }: ArchiveStatus) {
  const reached = windows.filter(({ from, until }) => until >= from);
  const until = reached.reduce<Date | null>((most, one) => (most && most > one.until ? most : one.until), null);
  const newest = windows.at(-1);
  return {
    reachesFrom: reached[0]?.from.toISOString() ?? null,
    reachesUntil: until?.toISOString() ?? null,
    ...{ segments, storedBytes, waiting, failing, gaps: newest?.gap ? [newest.gap] : [] },
    windows: reached.map((one) => ({
      ...{ baseId: one.baseId, from: one.from.toISOString(), until: one.until.toISOString() },
      gap: one.gap?.first ?? null,
    })),
  };
}
