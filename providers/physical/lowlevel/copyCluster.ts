import { chown, mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { physicalRefusal } from '../refusals.ts';
import { ownerOf, type ServerUser } from '../server/serverUser.ts';
import { withOnlineCopy, type CopyEnd, type CopySource, type OnlineCopy } from './onlineCopy.ts';

export interface CopiedCluster
  extends CopyEnd, Pick<OnlineCopy, 'systemId' | 'postgres' | 'timeline' | 'startLsn' | 'startSegment'> {
  files: number;
  bytes: number;
  /** Whom the folder belongs to now: the user of the server that was copied. */
  user: ServerUser;
}

/**
 * Copies a running cluster into a folder, ready to be started as a standby (`standby.signal`) or recovered from an archive (`recovery.signal`):
 * `backup_label` is written last, and everything is on the disk when it resolves. The log of writes itself is not copied.
 *
 * @param target is not there, or empty
 * @throws as {@link withOnlineCopy}, and `physical_target_taken` · `physical_disk_full`
 */
export async function copyCluster(
  source: CopySource,
  target: string,
  { signal, onProgress }: { signal: AbortSignal; onProgress?(done: { files: number; bytes: number }): void },
): Promise<CopiedCluster> {
  await mkdir(target, { recursive: true, mode: 0o700 });
  if ((await readdir(target)).length > 0)
    throw physicalRefusal('physical_target_taken', 'The folder that the copy is to be written into is not empty.');
  const done = { files: 0, bytes: 0 };
  const { result, end } = await withOnlineCopy(
    source,
    'tenantry copy',
    async (copy, either) => {
      const user = await ownerOf(copy.dataDir);
      await give(target, user);
      for await (const folder of copy.folders()) {
        await mkdir(join(target, folder), { recursive: true, mode: 0o700 });
        await give(join(target, folder), user);
      }
      for await (const file of copy.files()) {
        done.bytes += await writeSynced(join(target, file.path), copy.read(file, either), user);
        done.files += 1;
        onProgress?.(done);
      }
      const { systemId, postgres, timeline, startLsn, startSegment } = copy;
      return { systemId, postgres, timeline, startLsn, startSegment, user };
    },
    signal,
  );
  await writeSynced(join(target, 'backup_label'), once(Buffer.from(end.label)), result.user);
  await syncFolder(target);
  return { ...result, ...end, ...done };
}

async function* once(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}

/** Writes a file that survives a power cut and belongs to the server. Throws `physical_disk_full`. */
export async function writeSynced(path: string, pieces: AsyncIterable<Buffer>, user: ServerUser): Promise<number> {
  let bytes = 0;
  const file = await open(path, 'w', 0o600).catch(tellFull);
  try {
    for await (const piece of pieces) {
      for (let at = 0; at < piece.length;) at += (await file.write(piece, at).catch(tellFull)).bytesWritten;
      bytes += piece.length;
    }
    await file.sync().catch(tellFull);
    if (user.uid !== undefined && user.gid !== undefined) await file.chown(user.uid, user.gid);
  } finally {
    await file.close();
  }
  return bytes;
}

export function tellFull(error: unknown): never {
  if (['ENOSPC', 'EDQUOT'].includes(String((error as NodeJS.ErrnoException).code)))
    throw physicalRefusal('physical_disk_full', 'The disk that the cluster is written to is full.', error);
  throw error;
}

/** To the user of the server, where this process is another one. */
export const give = async (path: string, { uid, gid }: ServerUser): Promise<void> => {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
};

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
