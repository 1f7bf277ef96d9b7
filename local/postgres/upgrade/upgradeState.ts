import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { SetupError } from '../../progress.ts';
import type { ServerUser } from '../binaries.ts';
import { own } from '../home.ts';

/** How far an upgrade has come. It lies beside the clusters, and is the one thing that says which of them counts. */
const UpgradeState = z.strictObject({
  from: z.string().regex(/^\d+$/),
  to: z.string().regex(/^\d+$/),
  /** `copying`: the old cluster counts. `switching`: the new one does, and has to take its place. `kept`: it has; the old one lies beside it. */
  phase: z.enum(['copying', 'switching', 'kept']),
  /** The old cluster as it was when its copy was begun: where it differs, somebody has written to it since, and the copy is worth nothing. */
  source: z.strictObject({ system: z.string(), nextTransaction: z.string() }),
  /** Those that are copied and compared. */
  databases: z.array(z.string()),
  rows: z.number(),
});
export type UpgradeState = z.output<typeof UpgradeState>;

const fileOf = (home: string): string => join(home, 'upgrade.json');

/** Null where no upgrade was ever begun, or what it left was let go. */
export async function readState(home: string): Promise<UpgradeState | null> {
  const file = fileOf(home);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  try {
    return UpgradeState.parse(JSON.parse(text));
  } catch (cause) {
    throw new SetupError(`${file} cannot be understood. It says how far an upgrade has come: look at it.`, { cause });
  }
}

/** On the disk before it counts, and either whole or not there at all. */
export async function writeState(home: string, state: UpgradeState, user: ServerUser): Promise<void> {
  const passing = `${fileOf(home)}.${process.pid}`;
  const file = await open(passing, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(state, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await own(passing, user);
  await rename(passing, fileOf(home));
  await syncFolder(home);
}

export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
