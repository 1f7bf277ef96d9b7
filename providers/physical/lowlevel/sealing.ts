import { hkdfSync } from 'node:crypto';
import { NotInPlace, type Place } from '#domain/places/place.ts';
import { BrokenSeal, sealFile, unsealFile } from '#domain/places/sealedFile.ts';
import { counted, isOfPacking, measured, packed, unpacked } from '#domain/backups/format/streams.ts';
import { physicalRefusal } from '../refusals.ts';
import { tellFull } from './copyCluster.ts';
import { BrokenFile, type Opening } from './opening/messages.ts';
import type { Openers, OpeningOptions } from './opening/openers.ts';

/** What everything of a cluster is kept with: with the place and the master key alone it has to come back (docs/decisions/0093). */
export const clusterKeyOf = (masterKey: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', masterKey, Buffer.alloc(0), 'tenantry/physical-backup', 32));

const contextOf = (key: string): string => `physical/${key}`;

export interface StoredFile {
  /** Of what it holds in clear. */
  sha256: string;
  bytes: number;
  /** As it lies in the place. */
  stored: number;
}

/** Packs, seals and puts a file, in the memory of some pieces. */
export async function putSealed(
  place: Place,
  key: Buffer,
  name: string,
  pieces: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<StoredFile> {
  const clear = measured(pieces);
  const sealed = counted(sealFile(key, packed(clear.pieces), contextOf(name)));
  await place.put(name, sealed.pieces, signal);
  return { ...clear.result(), stored: sealed.bytes() };
}

/** The clear bytes of a file. At its end it throws `broken` when they are not those that were put, `missing` when there is no such file. */
export async function* getSealed(
  place: Place,
  key: Buffer,
  name: string,
  { sha256, missing, broken }: { sha256?: string } & Refusals,
): AsyncIterable<Buffer> {
  const pieces = unpacked(unsealFile(key, place.get(name), contextOf(name)));
  // A digest that nobody compares is not worked out.
  const clear = sha256 === undefined ? null : measured(pieces);
  try {
    yield* clear?.pieces ?? pieces;
  } catch (error) {
    if (error instanceof NotInPlace) throw missing();
    if (error instanceof BrokenSeal || isOfPacking(error)) throw broken(error);
    throw error;
  }
  if (clear && clear.result().sha256 !== sha256) throw broken(new Error('another digest'));
}

export interface Refusals {
  missing(): Error;
  broken(cause: unknown): Error;
}

/** As {@link getSealed}, beside this thread and into files. Throws `physical_disk_full` besides. */
export async function openSealed(
  openers: Openers,
  place: Place,
  key: Buffer,
  { name, files, into, missing, broken }: { name: string } & Pick<Opening, 'files' | 'into'> & Refusals,
  options: OpeningOptions,
): Promise<void> {
  try {
    await openers.open({ key, context: contextOf(name), files, into }, place.get(name), options);
  } catch (error) {
    if (error instanceof NotInPlace) throw missing();
    if (error instanceof BrokenFile) throw broken(error);
    tellFull(error);
  }
}

export const damagedLog = (name: string, cause?: unknown) =>
  physicalRefusal(
    'physical_wal_damaged',
    `The segment ${name} of the archived log is not what the server wrote.`,
    cause,
  );
