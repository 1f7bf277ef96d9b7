/**
 * Where files are kept that belong into no database: exports, later backups. Names are ours, lower-case letters, digits, dashes and
 * single slashes; what customers call their things is never part of one.
 */
export interface Place {
  /** For people. */
  readonly name: string;
  /** Writes a file whole or not at all, whatever its size, in bounded memory. Resolves when it would survive a power cut. */
  put(
    key: string,
    pieces: AsyncIterable<Buffer>,
    signal?: AbortSignal,
    options?: PutOptions,
  ): Promise<{ bytes: number }>;
  /** Throws {@link NotInPlace} when there is no such file. */
  get(key: string): AsyncIterable<Buffer>;
  /** Removes one file with all its versions; that it is not there is success. Throws {@link FileLocked} and leaves it whole. */
  delete(key: string): Promise<void>;
  /** Until when nobody may remove it; null when anybody may, or it is not there. */
  lockedUntil(key: string): Promise<Date | null>;
  /** All files below a folder, in the order of their names, with their sizes in bytes. */
  list(folder: string, options?: ListOptions): AsyncIterable<{ key: string; bytes: number }>;
}

export interface ListOptions {
  /** Whoever removes a folder lets go what lies there half-written too; others may be writing it just now. */
  clears?: boolean;
}

export interface PutOptions {
  /** Until then nobody may change or remove it, where the place can see to that: a bucket with object lock. */
  lockedUntil?: Date | undefined;
}

/** A file that should be there is not. */
export class NotInPlace extends Error {
  override readonly name = 'NotInPlace';
}

/** The place lets nobody remove it yet. */
export class FileLocked extends Error {
  override readonly name = 'FileLocked';
  /** Null where the place does not say. */
  readonly until: Date | null;

  constructor(until: Date | null, options: { cause?: unknown } = {}) {
    super('the file is locked', options);
    this.until = until;
  }

  /** {@link until}, where that is a time that comes: null for a hold without an end. */
  get endsAt(): Date | null {
    return this.until && this.until.getUTCFullYear() < 9_999 ? this.until : null;
  }
}

const keyPattern = /^[a-z0-9][a-z0-9._-]*(?:\/[a-z0-9][a-z0-9._-]*)*$/;

/** Throws on what could lead anywhere else; keys come from us, so this is a defect. */
export function checkKey(key: string): string {
  if (!keyPattern.test(key) || key.includes('..') || key.length > 500)
    throw new Error('this is no name of a file of ours');
  return key;
}

/** Removes of a folder what no lock keeps. Returns the files that stay, and until when; null where the place does not say. */
export async function deleteUnlocked(place: Place, folder: string): Promise<{ key: string; until: Date | null }[]> {
  const staying: { key: string; until: Date | null }[] = [];
  for await (const { key } of place.list(folder, { clears: true })) {
    const lock = await deleteOrLocked(place, key);
    if (lock) staying.push({ key, until: lock.until });
  }
  return staying;
}

/** Null when the file is gone; what keeps it otherwise. */
export const deleteOrLocked = (place: Place, key: string): Promise<{ until: Date | null } | null> =>
  place.delete(key).then(
    () => null,
    (error: unknown) => {
      if (error instanceof FileLocked) return { until: error.endsAt };
      throw error;
    },
  );

/** Removes a folder with everything in it. Returns how many files went. */
export async function deleteFolder(place: Place, folder: string): Promise<number> {
  let count = 0;
  for await (const { key } of place.list(folder, { clears: true })) {
    await place.delete(key);
    count += 1;
  }
  return count;
}
