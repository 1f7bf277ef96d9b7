import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DomainError } from '#contracts/errors.ts';

/** The marker object: holds the ownership tag, so a bucket says whose it is without the registry. */
export const markerName = '.tenantry-owner';
const unfinishedMarker = `${markerName}.new`;
export const trashFolder = '.trash';
/** Second names of objects while a snapshot reads them, and what is being restored: beside the buckets, in nobody's reach. */
export const frozenFolder = '.frozen';
export const restoringFolder = '.restoring';

/**
 * What is at a bucket's place: nothing, a folder with its tag (null: not tagged yet) and who may enter it, or the tombstone of a removed
 * bucket.
 */
export type Found =
  { is: 'nothing' } | { is: 'tombstone' } | { is: 'bucket'; tag: string | null; empty: boolean; access: FolderAccess };

/** `everybody`: also other users of the machine, which is never wanted. */
type FolderAccess = 'everybody' | 'open' | 'suspended';

/**
 * The product's application reaches a bucket as a member of its folder's group. Of a suspended one only Tenantry itself, which owns it, goes
 * on reading: backups and exports must not stop.
 */
const bucketModes = { open: 0o750, suspended: 0o700 } as const;
const bucketMode = bucketModes.open;

const accessOfMode = (mode: number): FolderAccess =>
  (mode & 0o007) !== 0 ? 'everybody' : (mode & 0o070) !== 0 ? 'open' : 'suspended';

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

export async function lookAt(root: string, bucket: string): Promise<Found> {
  const path = join(root, bucket);
  try {
    const folder = await stat(path);
    if (!folder.isDirectory()) return { is: 'tombstone' };
    const names = await readdir(path);
    const tag = names.includes(markerName) ? await readFile(join(path, markerName), 'utf8') : null;
    return {
      is: 'bucket',
      tag: tag || null,
      empty: names.every((name) => name.startsWith(unfinishedMarker)),
      access: accessOfMode(folder.mode),
    };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { is: 'nothing' };
    throw error;
  }
}

/**
 * Makes the folder and its marker. A removed bucket leaves a file at its place, so `mkdir` and every write below it fail in the
 * file system itself: that is the fence for an attempt that was thought dead. Throws `resource_fenced` then.
 */
export async function makeBucket(root: string, bucket: string, tag: string): Promise<void> {
  const path = join(root, bucket);
  // A name of its own: two attempts at once must not write into one file, nor take it from each other half-written.
  const unfinished = join(path, `${unfinishedMarker}-${randomBytes(6).toString('hex')}`);
  try {
    await mkdir(root, { recursive: true });
    await mkdir(path, { mode: bucketMode }).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
    const marker = await open(unfinished, 'wx', 0o640);
    try {
      await marker.writeFile(tag);
      await marker.sync();
    } finally {
      await marker.close();
    }
    await rename(unfinished, join(path, markerName));
    await chmod(path, bucketMode); // whatever the process's umask was, or whoever made the folder
    for (const name of await readdir(path))
      if (name.startsWith(unfinishedMarker)) await rm(join(path, name), { force: true }); // what a killed attempt left
  } catch (error) {
    const found = await lookAt(root, bucket);
    if (found.is === 'bucket' && found.tag === tag) return; // another attempt was faster and tidied ours away
    if (codeOf(error) === 'ENOTDIR' || codeOf(error) === 'ENOENT')
      throw new DomainError(
        'resource_fenced',
        'The removal of this bucket has begun; a late attempt must not make it again.',
        {
          cause: error,
        },
      );
    throw error;
  }
}

/** A folder that is gone by then has nobody left to close it to. */
export async function setBucketAccess(root: string, bucket: string, access: keyof typeof bucketModes): Promise<void> {
  await chmod(join(root, bucket), bucketModes[access]).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error;
  });
}

/**
 * Moves the folder away in one step, puts the tombstone in its place, then deletes at leisure. `mayGo` is asked about what is
 * found, every time: a late attempt may have put a fresh folder there in between.
 */
export async function removeBucket(root: string, bucket: string, mayGo: (found: Found) => boolean): Promise<void> {
  const path = join(root, bucket);
  await mkdir(join(root, trashFolder), { recursive: true });
  for (;;) {
    const found = await lookAt(root, bucket);
    if (found.is === 'tombstone') break;
    if (found.is === 'bucket') {
      if (!mayGo(found)) return;
      const away = join(root, trashFolder, `${bucket}.${randomBytes(6).toString('hex')}`);
      await rename(path, away).catch((error: unknown) => {
        if (codeOf(error) !== 'ENOENT') throw error;
      });
    }
    try {
      await writeFile(path, '', { flag: 'wx', mode: 0o440 });
      break;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
  for (const folder of [trashFolder, frozenFolder, restoringFolder]) await clearBeside(root, folder, bucket);
}

/** What a killed process left of a bucket beside it: objects that should be gone. */
export async function clearBeside(root: string, folder: string, bucket: string): Promise<void> {
  for (const name of await readdir(join(root, folder)).catch(() => []))
    if (name.startsWith(`${bucket}.`)) await rm(join(root, folder, name), { recursive: true, force: true });
}

/** Tombstones older than any attempt can be have done their work. Returns how many went. */
export async function clearTombstones(root: string, olderThanMs: number): Promise<number> {
  let cleared = 0;
  const names = await readdir(root).catch(() => []);
  for (const name of names) {
    const path = join(root, name);
    const found = await stat(path).catch(() => null);
    if (!found?.isFile() || found.size !== 0 || Date.now() - found.mtimeMs < olderThanMs) continue;
    await rm(path, { force: true });
    cleared += 1;
  }
  return cleared;
}
