import { ProviderError } from '../provider.ts';
import { readControlFile } from './controlFile.ts';
import { identify } from './identity.ts';
import { pidOf, placeOf } from './localServer.ts';
import { bytesBehind } from './lsn.ts';
import type { DatabaseServer } from './servers.ts';

export interface Loss {
  /** What would be lost by promoting now; null where nobody can tell. */
  lagBytes: number | null;
  /** `primary`: it said so now · `disk`: its folder, after it ended in good order · `sample`: when it was last asked. */
  knownBy: 'primary' | 'disk' | 'sample' | 'nothing';
  /** Where the standby's log ends. */
  end: string;
}

/**
 * What the standby lacks of what is known of its primary. One that is primary already lacks nothing.
 *
 * @param known `end`: where the old disk's log was read to end; `sampled`: how far the primary had it when it was last asked
 */
export async function lossOf(
  primary: DatabaseServer,
  standby: DatabaseServer,
  known: { end: string | null; sampled: string | null },
): Promise<Loss> {
  const { flushed: end, inRecovery } = await identify(standby);
  if (!inRecovery) return { lagBytes: 0, knownBy: 'primary', end };
  const lacks = (ahead: string, knownBy: Loss['knownBy']): Loss => ({
    lagBytes: bytesBehind(ahead, end),
    knownBy,
    end,
  });
  const place = await placeOf(primary);
  const isStopped = place !== null && (await pidOf(place)) === null;
  const alive = isStopped
    ? null
    : await identify(primary).catch((error: unknown) => {
        if (error instanceof ProviderError) return null;
        throw error;
      });
  if (alive) return lacks(alive.flushed, 'primary');
  if (known.end) return lacks(known.end, 'disk');
  const control = isStopped ? await readControlFile(place.data).catch(() => null) : null;
  if (control?.state === 'shut down') return lacks(control.checkpoint, 'disk');
  if (known.sampled) return lacks(known.sampled, 'sample');
  return { lagBytes: null, knownBy: 'nothing', end };
}
