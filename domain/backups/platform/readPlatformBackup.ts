import type { DomainError } from '#contracts/errors.ts';
import { masterKeyIdOf } from '../../secrets/keyring.ts';
import { deleteFolder, NotInPlace, type Place } from '../../places/place.ts';
import { BrokenSeal, unsealFile } from '../../places/sealedFile.ts';
import { refused } from '../format/refusals.ts';
import { isOfPacking } from '../format/streams.ts';
import { measured, unpacked } from '../format/streams.ts';
import {
  contextOf,
  folderOf,
  labelOf,
  manifestOf,
  platformFolder,
  PlatformLabel,
  PlatformManifest,
  sealingKeyOf,
} from './platformManifest.ts';

const longestManifest = 4 * 1024 * 1024;

/** The complete backups of a place, the newest first: those with a manifest. Whether they are good, reading tells. */
export async function listPlatformBackups(place: Place): Promise<PlatformLabel[]> {
  const ids: string[] = [];
  for await (const { key } of place.list(platformFolder)) {
    const [, id = '', name] = key.split('/');
    if (name === 'manifest') ids.push(id);
  }
  const labels: PlatformLabel[] = [];
  for (const id of ids) {
    const label = PlatformLabel.safeParse(await readJson(place, labelOf(id)).catch(() => null));
    if (label.success && label.data.backup === id) labels.push(label.data);
  }
  return labels.toSorted((one, other) => (one.at < other.at ? 1 : -1));
}

export const deletePlatformBackup = async (place: Place, backupId: string): Promise<number> => {
  // First what makes it one: a removal that is broken off leaves nothing that looks whole.
  await place.delete(manifestOf(backupId));
  return deleteFolder(place, folderOf(backupId));
};

/** One that can be read: its manifest opened by the right key. */
export interface OpenPlatformBackup {
  manifest: PlatformManifest;
  /** The plain bytes of a part; throws `backup_damaged` at its end when they are not those that were written. */
  read(part: { key: string; bytes: number; sha256: string }): AsyncIterable<Buffer>;
}

/**
 * Opens a backup. Refuses with `backup_not_found`, `backup_wrong_key` (another master key sealed it) and `backup_damaged` (changed, cut, or of
 * another backup).
 */
export async function openPlatformBackup(
  place: Place,
  backupId: string,
  masterKey: Buffer,
): Promise<OpenPlatformBackup> {
  const key = sealingKeyOf(masterKey);
  const label = PlatformLabel.safeParse(await told(() => readJson(place, labelOf(backupId))));
  if (!label.success) throw broken('its label cannot be read');
  const { masterKeyId } = label.data;
  if (masterKeyId !== masterKeyIdOf(masterKey))
    throw refused(
      'backup_wrong_key',
      `This backup was sealed with the master key ${masterKeyId}; the one that was given is ${masterKeyIdOf(masterKey)}.`,
    );
  const open = (name: string): AsyncIterable<Buffer> => unsealFile(key, place.get(name), contextOf(backupId, name));
  const text = await told(() => readAll(open(manifestOf(backupId))));
  const manifest = PlatformManifest.safeParse(parse(text));
  if (!manifest.success || manifest.data.backup !== backupId) throw broken('its manifest is none');
  return {
    manifest: manifest.data,
    async *read(part) {
      const plain = measured(unpacked(open(part.key)));
      try {
        yield* plain.pieces;
      } catch (error) {
        throw asBroken(error);
      }
      const { bytes, sha256 } = plain.result();
      if (bytes !== part.bytes || sha256 !== part.sha256) throw broken('a part has another digest');
    },
  };
}

/** Reads all of it and compares every digest. Refuses as {@link openPlatformBackup}, and when something lies there that nobody wrote. */
export async function verifyPlatformBackup(
  place: Place,
  backupId: string,
  masterKey: Buffer,
  signal?: AbortSignal,
): Promise<PlatformManifest> {
  const { manifest, read } = await openPlatformBackup(place, backupId, masterKey);
  const parts = [...manifest.tables, ...manifest.files];
  for (const part of parts) for await (const _piece of read(part)) signal?.throwIfAborted();
  for (const { name, rows, bytes } of manifest.tables)
    if (rows > 0 && bytes === 0) throw broken(`the table ${name} is empty where ${rows} rows were written`);
  let lying = 0;
  for await (const _file of place.list(folderOf(backupId))) lying += 1;
  if (lying !== parts.length + 2) throw broken(`${lying} files lie where ${parts.length + 2} were written`);
  return manifest;
}

const broken = (why: string, cause?: unknown): DomainError =>
  refused('backup_damaged', `The backup is not as it was written: ${why}.`, cause);

function asBroken(error: unknown): unknown {
  if (error instanceof NotInPlace) return refused('backup_incomplete', 'A part of the backup is missing.', error);
  if (error instanceof BrokenSeal) return broken('a seal is broken', error);
  if (isOfPacking(error)) return broken('a part cannot be unpacked', error);
  return error;
}

/** What is missing of a backup that was asked for by its name is the backup. */
async function told<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NotInPlace)
      throw refused('backup_not_found', 'There is no such backup, or it was never finished.', error);
    throw asBroken(error);
  }
}

async function readAll(pieces: AsyncIterable<Buffer>): Promise<string> {
  const held: Buffer[] = [];
  let size = 0;
  for await (const piece of pieces) {
    held.push(piece);
    if ((size += piece.length) > longestManifest) throw broken('its manifest is too long');
  }
  return Buffer.concat(held).toString();
}

const readJson = async (place: Place, key: string): Promise<unknown> => parse(await readAll(place.get(key)));

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
