import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SetupError } from '../../progress.ts';
import type { ServerUser } from '../binaries.ts';
import { majorOfData } from '../majorVersion.ts';
import { spoolOf } from '../spool.ts';
import { readState, syncFolder, writeState, type UpgradeState } from './upgradeState.ts';

/** Where the parts of an upgrade lie. */
export const placesOf = (home: string, from: string) => ({
  data: join(home, 'data'),
  next: join(home, 'data.next'),
  kept: join(home, `data.${from}`),
  spool: spoolOf(home),
  keptSpool: `${spoolOf(home)}.${from}`,
  state: join(home, 'upgrade.json'),
});

/**
 * Lets the new cluster take the place of the old one where that was decided; called before anything else looks at the folder, so that a switch that
 * was broken off between its two renames is never taken for an empty installation. Every step may run again.
 */
export async function settleSwitch(home: string, user: ServerUser): Promise<UpgradeState | null> {
  const state = await readState(home);
  if (state?.phase !== 'switching') return state;
  const { data, next, kept, spool, keptSpool } = placesOf(home, state.from);
  if ((await majorOfData(data)) === state.from) await rename(data, kept);
  // The log of the old cluster, as far as nobody has taken it away: files of the new one get the same names.
  if ((await isThere(spool)) && !(await isThere(keptSpool))) await rename(spool, keptSpool);
  if (!(await isThere(data))) await rename(next, data);
  if ((await majorOfData(data)) !== state.to)
    throw new SetupError(`The switch to PostgreSQL ${state.to} cannot be ended: ${data} is none of its clusters.`);
  await syncFolder(home);
  const settled: UpgradeState = { ...state, phase: 'kept' };
  await writeState(home, settled, user);
  return settled;
}

/** Removes what an upgrade kept. Returns the folder; null where nothing is kept. */
export async function forgetKept(home: string): Promise<string | null> {
  const state = await readState(home);
  if (state?.phase !== 'kept') return null;
  const { data, kept, keptSpool, state: file } = placesOf(home, state.from);
  if ((await majorOfData(data)) !== state.to)
    throw new SetupError(`${data} is no cluster of PostgreSQL ${state.to}: the one before it is not let go.`);
  await rm(kept, { recursive: true, force: true });
  await rm(keptSpool, { recursive: true, force: true });
  await rm(file, { force: true }); // last: what is half gone is let go again
  return kept;
}

export const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
