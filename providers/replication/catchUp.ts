import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '#contracts/errors.ts';
import { canStart, fenceStateOf, isFencedHere } from './fence.ts';
import { identify } from './identity.ts';
import { lagBytesOf, samplePair } from './lag.ts';
import { readControlFile } from './controlFile.ts';
import { rightBefore, stopWanted, type StillWanted } from './late.ts';
import { pidOf, placeOf, startLocal } from './localServer.ts';
import { bytesBehind } from './lsn.ts';
import type { DatabaseServer } from './servers.ts';

interface CatchUpOptions {
  withinBytes: number;
  seconds: number;
  signal: AbortSignal;
  heartbeat(progress: string): void;
  stillWanted: StillWanted;
}

/**
 * Brings a standby close to its primary. Of one that lives, it waits. One that was killed and fenced is started as the standby that it would come back as: it
 * refuses writes, tells where its log ends, and hands what it still has to the one that follows it. So only what was lost with a disk is lost.
 *
 * @returns where the primary's log ends, and what is lacking; both null where the primary cannot be read any more
 */
export async function catchUp(
  primary: DatabaseServer,
  standby: DatabaseServer,
  { withinBytes, seconds, signal, heartbeat, stillWanted }: CatchUpOptions,
): Promise<{ end: string | null; lagBytes: number | null }> {
  const until = Date.now() + seconds * 1_000;
  const state = await fenceStateOf(primary);
  if (state === 'silent') return { end: null, lagBytes: null };
  const place = await placeOf(primary);
  // One that is fenced and runs was started by an attempt that ended in here: what it tells counts only once it is at its end.
  if (!place || (state !== 'stopped' && !(state === 'standby' && (await isFencedHere(primary))))) {
    for (;;) {
      const sample = await samplePair(primary, standby);
      const lagBytes = lagBytesOf(sample);
      if (lagBytes !== null && lagBytes <= withinBytes) return { end: sample.primary?.flushed ?? null, lagBytes };
      heartbeat(`${lagBytes ?? 'unknown'} bytes behind`);
      if (Date.now() > until)
        throw new DomainError('standby_behind', `"${standby.name}" is ${lagBytes ?? 'an unknown number of'} bytes behind after ${seconds} s.`, { extra: { lagBytes } }); // prettier-ignore
      await delay(100, undefined, { signal });
    }
  }
  if (!(await canStart(place))) return { end: null, lagBytes: null };
  const control = await readControlFile(place.data);
  if (control?.state === 'shut down') {
    // It ended in good order: its last record is the checkpoint, and the standby had it before the end.
    const { flushed } = await identify(standby);
    if (bytesBehind(control.checkpoint, flushed) === 0) return { end: control.checkpoint, lagBytes: 0 };
  }
  const options = "-c primary_conninfo='' -c restore_command='' -c wal_retrieve_retry_interval=100ms";
  try {
    await rightBefore(stillWanted, () => startLocal(place, { options }));
    for (let end = ''; ;) {
      const [old, next] = [await identify(primary), await identify(standby)];
      if (!old.inRecovery) throw new DomainError('primary_not_fenced', `"${primary.name}" came back as a primary.`);
      const isAtItsEnd = end === old.flushed;
      end = old.flushed;
      const lagBytes = bytesBehind(end, next.flushed);
      if (isAtItsEnd && lagBytes === 0) return { end, lagBytes };
      heartbeat(`${lagBytes} bytes behind the old primary's disk`);
      // What it lacks then is measured by the check that follows, which somebody may accept.
      if (Date.now() > until) return { end, lagBytes };
      await delay(100, undefined, { signal });
    }
  } finally {
    // Whoever was frozen in here finds a server that somebody else has started since, and leaves it alone.
    await stopWanted(place, 'fast', stillWanted);
  }
}

/** Whether a fence could be put up: what it would be proven by. Changes nothing. */
export async function practiseFence(server: DatabaseServer): Promise<string> {
  const place = await placeOf(server);
  if (place) {
    const pid = await pidOf(place);
    if (pid !== null) process.kill(pid, 0);
    return 'stopped';
  }
  if (server.fence) return 'hook';
  throw new DomainError(
    'primary_not_fenced',
    `Nothing is described that could stop "${server.name}": add a fence hook.`,
  );
}
