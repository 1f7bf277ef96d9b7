import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, linkSync, lstatSync, openSync, readdirSync, writeSync, type Dirent } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createReadStream } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';
import { frozenFolder, markerName } from './bucketFolders.ts';

/** What a killed process left keeps objects that were deleted since; nobody reads for so long. */
const forgottenMs = 24 * 3_600_000;
/** Others get a turn after so many. */
const atOnce = 500;

export interface FrozenObject {
  name: string;
  bytes: number;
  modifiedMs: number;
  /** When it was frozen. */
  atMs: number;
  /** Where it can be read: a second name of it, unless the file system gives none. */
  path: string;
}

/**
 * The objects of a bucket at one moment. Each gets a second name at once, so what is replaced or deleted afterwards is read as it was. What is
 * written over in its place is not: whoever reads finds out by its time.
 */
export class FrozenBucket {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async freeze(root: string, bucket: string, signal: AbortSignal): Promise<FrozenBucket> {
    await clearForgotten(root);
    const folder = join(root, frozenFolder, `${bucket}.${randomBytes(6).toString('hex')}`);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const list = openSync(join(folder, 'list'), 'wx', 0o600);
    let count = 0;
    try {
      let lines: string[] = [];
      const write = () => {
        if (lines.length > 0) writeSync(list, `${lines.join('\n')}\n`);
        lines = [];
      };
      for (const name of objectsOf(join(root, bucket))) {
        const frozen = freezeOne(join(root, bucket, name), join(folder, String(count)));
        if (frozen) lines.push(JSON.stringify({ name, ...frozen } satisfies FrozenObject));
        if (++count % atOnce > 0) continue;
        write();
        signal.throwIfAborted();
        await breathe();
      }
      write();
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    } finally {
      closeSync(list);
    }
    return new FrozenBucket(folder);
  }

  async *objects(): AsyncIterable<FrozenObject> {
    for await (const line of createInterface({
      input: createReadStream(join(this.#folder, 'list')),
      crlfDelay: Infinity,
    }))
      yield JSON.parse(line) as FrozenObject;
  }

  async thaw(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Names in order, and synchronously: a bucket of a hundred thousand objects is frozen in seconds, not in a minute. */
function* objectsOf(bucket: string, below = ''): Generator<string> {
  for (const entry of entriesOf(join(bucket, below))) {
    const name = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) yield* objectsOf(bucket, name);
    else if (entry.isFile() && !name.startsWith(markerName)) yield name;
  }
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((one, other) => (one.name < other.name ? -1 : 1));
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

/** Null when it is not there any more. */
function freezeOne(path: string, second: string): Omit<FrozenObject, 'name'> | null {
  try {
    const linked = linkTo(path, second);
    const { size, mtimeMs } = lstatSync(linked);
    return { bytes: size, modifiedMs: mtimeMs, atMs: Date.now(), path: linked };
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

function linkTo(path: string, second: string): string {
  try {
    linkSync(path, second);
    return second;
  } catch (error) {
    if (isGone(error)) throw error;
    return path; // a file system without links, or with too many of this one: then changes are found out
  }
}

const isGone = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');

/** Whether the object is still what was frozen; asked with the file that was read. */
export function isAsFrozen({ bytes, modifiedMs }: FrozenObject, file: number): boolean {
  const { size, mtimeMs } = fstatSync(file);
  return size === bytes && mtimeMs === modifiedMs;
}

async function clearForgotten(root: string): Promise<void> {
  const folder = join(root, frozenFolder);
  for (const name of await readdir(folder).catch(() => [])) {
    const found = await stat(join(folder, name)).catch(() => null);
    if (found && Date.now() - found.mtimeMs > forgottenMs)
      await rm(join(folder, name), { recursive: true, force: true });
  }
}
