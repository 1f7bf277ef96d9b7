import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ScratchPlace } from '../scratch/scratchServers.ts';
import type { ServerUser } from '../server/serverUser.ts';
import { unlessOneFails } from '../unlessOneFails.ts';
import { Openers } from './opening/openers.ts';
import { openLogInto, type ArchivedFile, type LogSource } from './walArchive.ts';

/** So many at once keep the threads that compare and unpack at work. */
const filesAtOnce = 2;

const coming = (name: string): string => `${name}.coming`;

/** Says which files will come, before the server is started that waits for them. */
export async function announceLog(files: readonly ArchivedFile[], { wal }: ScratchPlace): Promise<void> {
  for (const { name } of files) await writeFile(join(wal, coming(name)), '', { mode: 0o600 });
}

/**
 * What the recovering server asks for its log by: it waits for a file that was announced. One that was not is refused at once, and so is every file
 * when the folder goes. A second name costs nothing, and writing it all a second time does: a server that recovers changes no file of its archive's.
 */
export function takeLog({ wal }: ScratchPlace): string {
  const from = `${wal.replaceAll('%', '%%')}/%f`;
  return `while [ -e "${coming(from)}" ]; do sleep 0.05; done; ln -f "${from}" "%p" 2>/dev/null || cp "${from}" "%p"`;
}

/**
 * Brings the log to where the server recovers from, the oldest first. A file has its name when it was compared with its digest and not before. Refuses
 * `physical_wal_damaged`, `physical_disk_full`.
 */
export async function fetchLog(
  source: LogSource,
  files: readonly ArchivedFile[],
  { wal }: ScratchPlace,
  user: ServerUser,
  signal: AbortSignal,
): Promise<void> {
  const queue = [...files];
  const into = { folder: wal, user };
  await Openers.with((openers) => {
    const fetcher = async (either: AbortSignal): Promise<void> => {
      for (let file = queue.shift(); file; file = queue.shift()) {
        const path = `${file.name}.partial`;
        await openLogInto(openers, source, file, { path, into }, either);
        await rename(join(wal, path), join(wal, file.name));
        await rm(join(wal, coming(file.name)));
      }
    };
    return unlessOneFails(signal, (either) => Array.from({ length: filesAtOnce }, () => fetcher(either)));
  });
}
