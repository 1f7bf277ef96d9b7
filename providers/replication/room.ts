import { lstat, readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { DomainError } from '#contracts/errors.ts';

/** Refuses with `server_disk_full` a copy for which there is no room, before anything is written. */
export async function roomFor(from: string, home: string): Promise<void> {
  let needed = 0;
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.parentPath.startsWith(join(from, 'pg_wal'))) continue;
    needed += await lstat(join(entry.parentPath, entry.name)).then(
      ({ size }) => size,
      () => 0,
    );
  }
  const { bavail, bsize } = await statfs(home);
  // Two log files of its own beside the copy.
  if (bavail * bsize < needed + 32 * 2 ** 20)
    throw new DomainError(
      'server_disk_full',
      `There is too little room on the standby's disk: the copy needs ${Math.ceil(needed / 1e6)} MB and some for the log.`,
    );
}
