import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DomainError } from '#contracts/errors.ts';
import type { KeyBook } from '#domain/audit/statements.ts';
import { BaseLabel, BaseManifest, IndexedFile } from '#domain/backups/format/baseManifest.ts';
import { parsedLines } from '#domain/backups/format/jsonLines.ts';
import { NotInPlace, type Place } from '#domain/places/place.ts';
import { masterKeyIdOf } from '#domain/secrets/keyring.ts';
import type { Progress, WorkOptions } from '../physicalBackup.ts';
import { physicalRefusal } from '../refusals.ts';
import type { ServerUser } from '../server/serverUser.ts';
import { unlessOneFails } from '../unlessOneFails.ts';
import {
  baseFolder,
  baseIndexKey,
  baseLabelKey,
  baseManifestKey,
  basePartKey,
  basesFolder,
  type BaseName,
} from './baseWriter.ts';
import { give, tellFull } from './copyCluster.ts';
import { Openers } from './opening/openers.ts';
import type { Opening } from './opening/messages.ts';
import { clusterKeyOf, getSealed, openSealed } from './sealing.ts';

export interface BaseSource {
  place: Place;
  masterKey: Buffer;
  /** Of whoever may have signed it; null where there is no registry left to say, so that only what the master key opens is believed. */
  keys: KeyBook | null;
}

const largestManifest = 64 * 1024 * 1024;
/** Each waits for the disk and for what unpacks, in turns: so many keep the threads that compare at work. */
const partsAtOnce = 4;

/** The finished base backups of a cluster, by their ids. */
export async function listBases(place: Place, systemId: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { key } of place.list(basesFolder(systemId))) {
    const [, , , id = '', name] = key.split('/');
    if (name === 'manifest') ids.push(id);
  }
  return ids;
}

/** The clusters of which the place holds anything, for where no server is left to ask. */
export async function listClusters(place: Place): Promise<string[]> {
  const found = new Set<string>();
  for await (const { key } of place.list('physical')) found.add(key.split('/')[1]!);
  return [...found];
}

/** Refuses `physical_not_found`, `physical_wrong_key`, `physical_base_damaged`, `physical_forged`. */
export async function readManifest({ place, masterKey, keys }: BaseSource, of: BaseName): Promise<BaseManifest> {
  const label = BaseLabel.safeParse(await readJson(place.get(baseLabelKey(of))).catch(notThere));
  if (label.success && label.data.masterKeyId !== masterKeyIdOf(masterKey))
    throw physicalRefusal(
      'physical_wrong_key',
      `The base backup was sealed with the master key ${label.data.masterKeyId}; the one that was given is ${masterKeyIdOf(masterKey)}.`,
    );
  const name = baseManifestKey(of);
  const text = getSealed(place, clusterKeyOf(masterKey), name, {
    missing: () => physicalRefusal('physical_not_found', 'There is no such base backup, or it was never finished.'),
    broken: (cause) => damaged('its manifest', cause),
  });
  const manifest = BaseManifest.safeParse(await readJson(text));
  if (!manifest.success || manifest.data.base !== of.baseId || manifest.data.system !== of.systemId)
    throw damaged('its manifest', manifest.error);
  if (keys && !(keys.has(manifest.data.kid) && keys.vouchesFor(manifest.data)))
    throw physicalRefusal(
      'physical_forged',
      'The manifest of the base backup is not signed by a key of this installation.',
    );
  return manifest.data;
}

const notThere = (error: unknown): null => {
  if (error instanceof NotInPlace) return null;
  throw error;
};

const damaged = (what: string, cause?: unknown) =>
  physicalRefusal('physical_base_damaged', `The base backup is not what was written: ${what}.`, cause);

async function readJson(pieces: AsyncIterable<Buffer>): Promise<unknown> {
  const held: Buffer[] = [];
  let size = 0;
  for await (const piece of pieces) {
    held.push(piece);
    if ((size += piece.length) > largestManifest) throw damaged('its manifest is too long');
  }
  try {
    return JSON.parse(Buffer.concat(held).toString());
  } catch {
    return null;
  }
}

/** Reads all of a base backup and compares every digest. Refuses `physical_base_incomplete`, `physical_base_damaged`. */
export const verifyBase = (source: BaseSource, manifest: BaseManifest, options: WorkOptions): Promise<Progress> =>
  passThrough(source, manifest, null, options);

/**
 * Writes the files of a base backup into a folder, each compared with its digest while it is written; `backup_label` is what the manifest says.
 * The folder is worth nothing when it throws.
 *
 * @throws `physical_base_incomplete` · `physical_base_damaged` · `physical_disk_full`
 */
export async function unpackBase(
  source: BaseSource,
  manifest: BaseManifest,
  target: string,
  { user, ...options }: WorkOptions & { user: ServerUser },
): Promise<Progress> {
  const done = await passThrough(source, manifest, { folder: target, user }, options);
  const label = join(target, 'backup_label');
  await writeFile(label, manifest.label, { mode: 0o600 }).catch(tellFull);
  await give(label, user);
  return done;
}

/** @param into null lets everything pass and only compares it */
async function passThrough(
  source: BaseSource,
  manifest: BaseManifest,
  into: Opening['into'],
  { signal, onProgress }: WorkOptions,
): Promise<Progress> {
  const { place, masterKey } = source;
  const key = clusterKeyOf(masterKey);
  const of = { systemId: manifest.system, baseId: manifest.base };
  const refusals = {
    missing: () => physicalRefusal('physical_base_incomplete', 'A part of the base backup is missing.'),
    broken: (cause: unknown) => damaged('a part of it', cause),
  };
  await refuseTooMuch(place, of, manifest);
  const byPart = new Map<number, IndexedFile[]>();
  const index = getSealed(place, key, baseIndexKey(of), { sha256: manifest.index.sha256, ...refusals });
  for await (const line of indexOf(index)) {
    if (line.part === null) await makeFolder(line.path, into);
    else
      byPart
        .set(line.part, byPart.get(line.part) ?? [])
        .get(line.part)!
        .push(line);
  }
  const done = { files: 0, bytes: 0 };
  const onPassed = (bytes: number, files: number): void => {
    done.bytes += bytes;
    done.files += files;
    onProgress?.(done);
  };
  const numbers = manifest.parts.map((_, at) => at + 1);
  await Openers.with((openers) => {
    const taker = async (either: AbortSignal): Promise<void> => {
      for (let number = numbers.shift(); number !== undefined; number = numbers.shift()) {
        const opening = { name: basePartKey(of, number), files: byPart.get(number) ?? [], into, ...refusals };
        await openSealed(openers, place, key, opening, { signal: either, onPassed });
      }
    };
    return unlessOneFails(signal, (either) => Array.from({ length: partsAtOnce }, () => taker(either)));
  });
  if (done.files !== manifest.files) throw damaged('files are missing from its index');
  return done;
}

async function makeFolder(path: string, into: Opening['into']): Promise<void> {
  if (!into) return;
  const folder = join(into.folder, path);
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch(tellFull);
  await give(folder, into.user);
}

async function* indexOf(pieces: AsyncIterable<Buffer>): AsyncIterable<IndexedFile> {
  try {
    yield* parsedLines(pieces, IndexedFile);
  } catch (error) {
    throw error instanceof DomainError && error.code === 'backup_damaged' ? damaged('its index', error) : error;
  }
}

/** What is missing or cut is known before gigabytes are read. */
async function refuseTooMuch(place: Place, of: BaseName, manifest: BaseManifest): Promise<void> {
  const wanted = new Map(manifest.parts.map(({ stored }, at) => [basePartKey(of, at + 1), stored]));
  wanted.set(baseIndexKey(of), manifest.index.stored);
  for await (const { key, bytes } of place.list(baseFolder(of))) {
    if (wanted.get(key) === bytes) wanted.delete(key);
    else if (wanted.has(key)) throw damaged('a file of it has another length');
  }
  if (wanted.size > 0)
    throw physicalRefusal('physical_base_incomplete', `${wanted.size} files of the base backup are missing.`);
}
