import { open, readdir, rm, type FileHandle } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fromSource, placed } from '#domain/backups/format/refusals.ts';
import type { Place } from '#domain/places/place.ts';
import { physicalRefusal } from '../refusals.ts';
import type { Opening } from './opening/messages.ts';
import type { Openers } from './opening/openers.ts';
import { damagedLog, getSealed, openSealed, putSealed, type Refusals } from './sealing.ts';
import {
  isHistory,
  isSegment,
  readHistory,
  segmentNumberOf,
  timelineOf,
  type ArchivedSegment,
} from '../reach/timelines.ts';
import type { ArchivedLog } from '../reach/windows.ts';

/** A file of the log in the place. Its name tells when the server wrote to it last and what it holds, so a list says everything. */
export interface ArchivedFile {
  key: string;
  /** As the server calls it. */
  name: string;
  endedAt: Date;
  sha256: string;
  stored: number;
}

export interface LogSource {
  place: Place;
  key: Buffer;
  systemId: string;
}

export const clusterFolder = (systemId: string): string => `physical/${systemId}`;
const walFolder = (systemId: string): string => `${clusterFolder(systemId)}/wal`;
const keyOf = (
  systemId: string,
  { name, endedAt, sha256 }: Pick<ArchivedFile, 'name' | 'endedAt' | 'sha256'>,
): string =>
  `${walFolder(systemId)}/${name.slice(0, 8).toLowerCase()}/${name.toLowerCase()}-${endedAt.getTime()}-${sha256}`;

const inPlace = /\/([0-9a-f]{24}|[0-9a-f]{8}\.history|[0-9a-f]{24}\.[0-9a-f]{8}\.backup)-(\d+)-([0-9a-f]{64})$/;
const namesOfServer = /^(?:[0-9A-F]{24}|[0-9A-F]{8}\.history|[0-9A-F]{24}\.[0-9A-F]{8}\.backup)$/;

/** The server's own spelling: digits upper-case, words not. */
const asServer = (name: string): string => name.replace(/[0-9a-f]{8,24}/g, (digits) => digits.toUpperCase());

export async function* listLog({ place, systemId }: Omit<LogSource, 'key'>): AsyncIterable<ArchivedFile> {
  for await (const { key, bytes } of place.list(walFolder(systemId))) {
    const [, name, ms, sha256] = inPlace.exec(key) ?? [];
    if (name && ms && sha256) yield { key, name: asServer(name), endedAt: new Date(Number(ms)), sha256, stored: bytes };
  }
}

/** Everything that the archive holds of a cluster, by timeline and number. */
export interface LogIndex extends ArchivedLog {
  files: ArchivedFile[];
  byName: Map<string, ArchivedFile>;
}

/** Reads the list, and the few history files. Refuses `physical_wal_conflict`: two contents under one name are of two servers. */
export async function readLog(source: LogSource, segmentBytes: number): Promise<LogIndex> {
  const index: LogIndex = { files: [], byName: new Map(), segments: new Map(), histories: new Map(), segmentBytes };
  for await (const file of listLog(source)) {
    const before = index.byName.get(file.name);
    if (before && before.sha256 !== file.sha256) throw conflict(file.name);
    if (before) continue;
    index.files.push(file);
    index.byName.set(file.name, file);
    if (isSegment(file.name)) {
      const [timeline, number] = [timelineOf(file.name), segmentNumberOf(file.name, segmentBytes)];
      const of = index.segments.get(timeline) ?? new Map<number, ArchivedSegment>();
      of.set(number, { timeline, number, endedAt: file.endedAt });
      index.segments.set(timeline, of);
    } else if (isHistory(file.name)) {
      const held: Buffer[] = [];
      for await (const piece of openLog(source, file)) held.push(piece);
      index.histories.set(timelineOf(file.name), readHistory(Buffer.concat(held).toString()));
    }
  }
  return index;
}

/** The clear bytes of a file of the log. Throws `physical_wal_damaged`. */
export const openLog = ({ place, key }: Pick<LogSource, 'place' | 'key'>, file: ArchivedFile): AsyncIterable<Buffer> =>
  getSealed(place, key, file.key, { sha256: file.sha256, ...refusalsOf(file) });

const refusalsOf = ({ name }: ArchivedFile): Refusals => ({
  missing: () => damagedLog(name, new Error('it is missing')),
  broken: (cause) => damagedLog(name, cause),
});

/** Compares a file of the log with its digest beside this thread, and writes it under a name where one is given. Throws as {@link openLog}, `physical_disk_full`. */
export const openLogInto = (
  openers: Openers,
  { place, key }: Pick<LogSource, 'place' | 'key'>,
  file: ArchivedFile,
  { path, into }: { path: string; into: Opening['into'] },
  signal: AbortSignal,
): Promise<void> =>
  openSealed(
    openers,
    place,
    key,
    { name: file.key, files: [{ path, bytes: null, sha256: file.sha256 }], into, ...refusalsOf(file) },
    { signal },
  );

const conflict = (name: string) =>
  physicalRefusal(
    'physical_wal_conflict',
    `The archive holds ${name} with another content: another server writes to it, or wrote to it once. Nothing was written over.`,
  );

/** What the server has put aside and nobody has taken yet. */
export async function waitingLog(spoolDir: string): Promise<string[]> {
  const names = await readdir(spoolDir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name) => namesOfServer.test(name)).toSorted();
}

/**
 * Takes what the server has put aside into the place, packed and sealed, the oldest first; only what lies there safely leaves the spool. Several
 * may do so at once: what a file is called says what it holds.
 *
 * @throws `physical_wal_conflict` and what {@link placed} tells of the place
 */
export async function shipLog(source: LogSource, spoolDir: string, signal: AbortSignal): Promise<number> {
  const names = await waitingLog(spoolDir);
  if (names.length === 0) return 0;
  const { place, key, systemId } = source;
  const known = new Map<string, string>();
  const timelines = new Set(names.map((name) => name.slice(0, 8).toLowerCase()));
  for (const timeline of timelines)
    for await (const { key: found } of place.list(`${walFolder(systemId)}/${timeline}`)) {
      const [, name, , sha256] = inPlace.exec(found) ?? [];
      if (name && sha256) known.set(asServer(name), sha256);
    }
  let shipped = 0;
  for (const name of names) {
    signal.throwIfAborted();
    const path = join(spoolDir, name);
    // Held open, so that it can be read to its end also when somebody else takes it meanwhile.
    const file = await open(path, 'r').catch(gone);
    if (!file) continue; // somebody else took it
    try {
      const sha256 = await digestOf(file);
      const before = known.get(name);
      if (before !== undefined && before !== sha256) throw conflict(name);
      if (before === undefined) {
        const endedAt = new Date(Math.floor((await file.stat()).mtimeMs));
        const as = keyOf(systemId, { name, endedAt, sha256 });
        const put = await placed(() => putSealed(place, key, as, fromSource(piecesOf(file)), signal));
        if (put.sha256 !== sha256) throw new Error(`${name} changed while it was taken`);
        shipped += 1;
      }
    } finally {
      await file.close();
    }
    await rm(path, { force: true });
  }
  return shipped;
}

function gone(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}

const piecesOf = (file: FileHandle): AsyncIterable<Buffer> =>
  file.createReadStream({ start: 0, autoClose: false, highWaterMark: 1024 * 1024 });

async function digestOf(file: FileHandle): Promise<string> {
  const digest = createHash('sha256');
  for await (const piece of piecesOf(file)) digest.update(piece);
  return digest.digest('hex');
}

/** Removes what no base backup needs: every segment before this one, on whichever timeline. */
export async function expireLog(
  source: LogSource,
  oldest: number,
  segmentBytes: number,
  signal: AbortSignal,
): Promise<number> {
  let count = 0;
  for await (const file of listLog(source)) {
    signal.throwIfAborted();
    if (isHistory(file.name)) continue; // small, and a timeline is chosen by them
    if (segmentNumberOf(file.name, segmentBytes) >= oldest) continue;
    await source.place.delete(file.key);
    count += 1;
  }
  return count;
}
