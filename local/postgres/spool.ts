import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { archiveCommand, archiveScript } from '#providers/physical/lowlevel/archiveCommand.ts';
import type { ServerUser } from './binaries.ts';
import { own } from './home.ts';

export const spoolOf = (home: string): string => join(home, 'wal-spool');
export const scratchOf = (home: string): string => join(home, 'scratch');

/** Where the server puts its log until it is taken into the place of backups. Returns the server's `archive_command`. */
export async function settleSpool(home: string, user: ServerUser): Promise<string> {
  const spool = spoolOf(home);
  await mkdir(spool, { recursive: true, mode: 0o700 });
  await own(spool, user);
  const script = join(home, 'archive-wal');
  await writeFile(script, archiveScript(spool), { mode: 0o700 });
  await own(script, user);
  return archiveCommand(script);
}
