import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Disk } from 'flydrive';
import { FSDriver } from 'flydrive/drivers/fs';
import { checkKey, NotInPlace, type Place } from './place.ts';

const unfinished = '.unfinished-';
/** Of a file that is read: fewer pieces cost less, and several files are read at once. */
const pieceBytes = 256 * 1024;
/** Nobody writes any more what was not written to for so long: its process was killed. */
const abandonedMs = 3_600_000;
const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/**
 * Files below a folder that only this user may enter; flydrive moves and removes them, what is written is synced before it has its name.
 *
 * @param isOurs false where another installation writes: nothing is cleared up there
 */
export function filesystemPlace(root: string, { isOurs = true } = {}): Place {
  const disk = new Disk(new FSDriver({ location: root, visibility: 'private' }));

  return {
    name: root,

    async put(key, pieces, signal) {
      checkKey(key);
      const part = `${dirname(key)}/${unfinished}${randomBytes(6).toString('hex')}`;
      const path = join(root, part);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      let bytes = 0;
      try {
        const file = await open(path, 'wx', 0o600);
        try {
          for await (const piece of pieces) {
            signal?.throwIfAborted();
            await writeAll(file, piece);
            bytes += piece.length;
          }
          await file.sync();
        } finally {
          await file.close();
        }
        await disk.move(part, key);
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      }
      return { bytes };
    },

    async *get(key) {
      try {
        yield* createReadStream(join(root, checkKey(key)), { highWaterMark: pieceBytes }) as AsyncIterable<Buffer>;
      } catch (error) {
        if (codeOf(error) === 'ENOENT') throw new NotInPlace(`${key} is not there`, { cause: error });
        throw error;
      }
    },

    async delete(key) {
      await disk.delete(checkKey(key));
      // A folder that became empty goes with its last file.
      for (let above = dirname(key); above !== '.'; above = dirname(above))
        if (
          !(await rmdir(join(root, above)).then(
            () => true,
            () => false,
          ))
        )
          return;
    },

    /** A folder locks nothing: whoever may write to it may remove. */
    lockedUntil: () => Promise.resolve(null),

    async *list(folder, { clears = false } = {}) {
      const lasting = !isOurs ? Infinity : clears ? 0 : abandonedMs;
      yield* below(root, checkKey(folder), lasting);
    },
  };
}

/** A disk that fills up writes less than it was given, and says so at the next attempt only. */
async function writeAll(
  file: { write(piece: Buffer): Promise<{ bytesWritten: number }> },
  piece: Buffer,
): Promise<void> {
  for (let at = 0; at < piece.length;) at += (await file.write(piece.subarray(at))).bytesWritten;
}

/** What a killed process left half-written is listed too: whoever clears a folder clears it with the rest. What somebody may be writing just now stays. */
async function* below(root: string, folder: string, lastingMs: number): AsyncIterable<{ key: string; bytes: number }> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return []; // nothing of ours is there
    throw error;
  });
  for (const entry of entries.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
    const key = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      yield* below(root, key, lastingMs);
      continue;
    }
    const found = await stat(join(root, key)).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return null; // removed since
      throw error;
    });
    if (!found) continue;
    if (!entry.name.startsWith(unfinished)) yield { key, bytes: found.size };
    else if (Date.now() - found.mtimeMs >= lastingMs) await rm(join(root, key), { force: true });
  }
}
