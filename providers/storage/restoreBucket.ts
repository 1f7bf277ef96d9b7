import { randomBytes } from 'node:crypto';
import { chmod, copyFile, lstat, mkdir, open, rename, rm, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DomainError } from '#contracts/errors.ts';
import type { HeldPart } from '#domain/backups/format/manifest.ts';
import { unpackObjects, type PackedObject } from '#domain/backups/format/packedObjects.ts';
import type { Restored, RestoreSource } from '../provider.ts';
import { clearBeside, markerName, restoringFolder, setBucketAccess, trashFolder } from './bucketFolders.ts';

const [folderMode, fileMode] = [0o750, 0o640];

export interface BucketPlace {
  root: string;
  bucket: string;
  access: 'open' | 'suspended';
}

/**
 * All objects of a backup, in place of what is in the bucket: written beside, then exchanged, so that a process that dies has changed nothing, or all.
 */
export async function restoreBucket(
  { root, bucket, access }: BucketPlace,
  from: RestoreSource,
  signal: AbortSignal,
): Promise<Restored> {
  // One run changes a tenant at a time: what lies there is of an attempt that was killed.
  for (const folder of [restoringFolder, trashFolder]) await clearBeside(root, folder, bucket);
  const beside = join(root, restoringFolder, `${bucket}.${randomBytes(6).toString('hex')}`);
  await mkdir(beside, { recursive: true, mode: folderMode });
  try {
    await chmod(beside, folderMode);
    const restored = await writeObjects(beside, from, () => true, signal);
    await copyFile(join(root, bucket, markerName), join(beside, markerName));
    const away = join(root, trashFolder, `${bucket}.${randomBytes(6).toString('hex')}`);
    await mkdir(join(root, trashFolder), { recursive: true });
    signal.throwIfAborted();
    await rename(join(root, bucket), away);
    await rename(beside, join(root, bucket));
    await setBucketAccess(root, bucket, access);
    await rm(away, { recursive: true, force: true });
    return restored;
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

/**
 * Chosen objects, each in place of what has its name now; a name that ends with a slash is everything below it. Refuses (`restore_refused`) what is
 * not in the backup, once the others are back.
 */
export async function restoreObjects(
  { root, bucket }: BucketPlace,
  from: RestoreSource & { only: readonly string[] },
  signal: AbortSignal,
): Promise<Restored> {
  const missing = new Set(from.only);
  const chosen = new Set(from.only);
  const folders = from.only.filter((name) => name.endsWith('/'));
  const isWanted = (name: string): boolean => {
    const found = [...(chosen.has(name) ? [name] : []), ...folders.filter((one) => name.startsWith(one))];
    for (const one of found) missing.delete(one);
    return found.length > 0;
  };
  const restored = await writeObjects(join(root, bucket), from, isWanted, signal);
  if (missing.size > 0)
    throw new DomainError(
      'restore_refused',
      `${missing.size} of the chosen objects are not in the backup; the others are back.`,
    );
  return restored;
}

async function writeObjects(
  folder: string,
  from: RestoreSource,
  isWanted: (name: string) => boolean,
  signal: AbortSignal,
): Promise<Restored> {
  const restored: Restored = { rows: 0, objects: 0, bytes: 0, leftOut: [] };
  for (const part of from.parts) {
    if (from.only !== null && !mayHold(part, from.only)) continue;
    for await (const object of unpackObjects(from.open(part))) {
      signal.throwIfAborted();
      const why = isWanted(object.name) ? whyNot(object, from) : 'it was not chosen';
      if (why !== null) {
        for await (const _piece of object.pieces);
        if (why !== 'it was not chosen') restored.leftOut.push({ what: `object ${object.name}`, why });
        continue;
      }
      const bytes = await writeObject(folder, object);
      if (bytes === null)
        restored.leftOut.push({ what: `object ${object.name}`, why: 'it was changed while it was copied' });
      else {
        restored.objects += 1;
        restored.bytes += bytes;
      }
    }
  }
  return restored;
}

/** Parts hold their objects in the order in which folders are walked, so the first and last name bound what is between. */
function mayHold({ name, last = name }: HeldPart, only: readonly string[]): boolean {
  return only.some((one) => {
    const path = one.replace(/\/$/, '').split('/');
    const [first, end] = [name.split('/').slice(0, path.length), last.split('/').slice(0, path.length)];
    return compare(first, path) <= 0 && compare(path, end) <= 0;
  });
}

function compare(one: string[], other: string[]): number {
  for (let at = 0; at < Math.min(one.length, other.length); at++)
    if (one[at] !== other[at]) return one[at]! < other[at]! ? -1 : 1;
  return 0;
}

/** A name is any text: what could lead out of the bucket, or pass for its marker, is no object. */
function whyNot({ name, at }: PackedObject, { until }: RestoreSource): string | null {
  const isPath = name.split('/').every((word) => word !== '' && word !== '.' && word !== '..');
  if (!isPath || name.includes('\0') || name.startsWith(markerName)) return 'its name is none of an object';
  return Date.parse(at) > until.getTime() ? 'it is newer than the backup' : null;
}

/** Null when it was torn: what was written of it is gone again. */
async function writeObject(folder: string, object: PackedObject): Promise<number | null> {
  const path = join(folder, object.name);
  await makeFolders(folder, dirname(object.name));
  const unfinished = join(dirname(path), `${markerName}.restoring-${randomBytes(6).toString('hex')}`);
  const file = await open(unfinished, 'wx', fileMode);
  let bytes = 0;
  try {
    for await (const piece of object.pieces) {
      for (let at = 0; at < piece.length;) at += (await file.write(piece.subarray(at))).bytesWritten;
      bytes += piece.length;
    }
    if (object.isWhole()) await file.datasync();
  } catch (error) {
    await file.close();
    await rm(unfinished, { force: true });
    throw error;
  }
  await file.close();
  if (!object.isWhole()) {
    await rm(unfinished, { force: true });
    return null;
  }
  const modifiedAt = new Date(object.modifiedAt);
  await utimes(unfinished, modifiedAt, modifiedAt);
  await rename(unfinished, path);
  return bytes;
}

/** Real folders only: a link in their place could lead anywhere. */
async function makeFolders(root: string, folder: string): Promise<void> {
  if (folder === '.') return;
  let path = root;
  for (const word of folder.split('/')) {
    path = join(path, word);
    const found = await lstat(path).catch(() => null);
    if (found && !found.isDirectory())
      throw new DomainError('restore_refused', 'Where a folder of the backup was, there is something else now.');
    if (!found) await mkdir(path, { mode: folderMode });
  }
}
