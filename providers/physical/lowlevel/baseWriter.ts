import { createHash } from 'node:crypto';
import { canonical } from '#domain/audit/canonical.ts';
import type { Signer } from '#domain/audit/signingKeys.ts';
import { signStatement } from '#domain/audit/statements.ts';
import type { BaseLabel, BaseManifest, BaseStatement, IndexedFile } from '#domain/backups/format/baseManifest.ts';
import { fromSource, placed } from '#domain/backups/format/refusals.ts';
import { deleteFolder, type Place } from '#domain/places/place.ts';
import { masterKeyIdOf } from '#domain/secrets/keyring.ts';
import type { WorkOptions } from '../physicalBackup.ts';
import { withOnlineCopy, type ClusterFile, type CopySource, type OnlineCopy } from './onlineCopy.ts';
import { clusterKeyOf, putSealed, type StoredFile } from './sealing.ts';
import { clusterFolder } from './walArchive.ts';

export interface BaseName {
  systemId: string;
  baseId: string;
}

export const basesFolder = (systemId: string): string => `${clusterFolder(systemId)}/bases`;
export const baseFolder = ({ systemId, baseId }: BaseName): string => `${basesFolder(systemId)}/${baseId}`;
export const baseManifestKey = (of: BaseName): string => `${baseFolder(of)}/manifest`;
export const baseLabelKey = (of: BaseName): string => `${baseFolder(of)}/label.json`;
export const baseIndexKey = (of: BaseName): string => `${baseFolder(of)}/index`;
export const basePartKey = (of: BaseName, number: number): string =>
  `${baseFolder(of)}/parts/${String(number).padStart(6, '0')}`;

/** A part ends behind the file that brings it here: many small files cost few requests, and parts are restored side by side. */
const partBytes = 64 * 1024 * 1024;
const partsAtOnce = 2;

export interface BaseTarget {
  place: Place;
  masterKey: Buffer;
  installationId: string;
  signer: Signer;
}

/**
 * Writes a base backup while the cluster works on: its files behind one another in parts, packed and sealed, each with its digest in the index;
 * the signed manifest last, without which the rest is nothing. Costs the memory of some pieces.
 *
 * @throws as {@link withOnlineCopy}, and what {@link placed} tells of the place
 */
export async function writeBase(
  source: CopySource,
  { place, masterKey, installationId, signer }: BaseTarget,
  baseId: string,
  { signal, onProgress }: WorkOptions,
): Promise<{ manifest: BaseManifest; storedBytes: number }> {
  const key = clusterKeyOf(masterKey);
  return placed(async () => {
    const { result, end } = await withOnlineCopy(
      source,
      `tenantry ${baseId}`,
      (copy, either) => writeFiles({ place, key, baseId }, copy, either, onProgress),
      signal,
    );
    const { copy, parts, index, files } = result;
    const of = { systemId: copy.systemId, baseId };
    const statement: BaseStatement = {
      ...{ v: 1, kind: 'base-backup', installation: installationId, base: baseId, system: copy.systemId },
      ...{ postgres: copy.postgres, timeline: copy.timeline, segmentBytes: copy.segmentBytes },
      ...{ startLsn: copy.startLsn, startSegment: copy.startSegment, startedAt: copy.startedAt.toISOString() },
      ...{ stopLsn: end.stopLsn, stopSegment: end.stopSegment, stoppedAt: end.stoppedAt.toISOString() },
      ...{ label: end.label, files, bytes: parts.reduce((sum, part) => sum + part.bytes, 0), parts, index },
    };
    const manifest = signStatement(statement, signer);
    const label: BaseLabel = {
      ...{ v: 1, installation: installationId, base: baseId, system: copy.systemId },
      masterKeyId: masterKeyIdOf(masterKey),
    };
    await place.put(baseLabelKey(of), once(Buffer.from(canonical(label))), signal);
    const written = await putSealed(place, key, baseManifestKey(of), once(Buffer.from(canonical(manifest))), signal);
    return { manifest, storedBytes: parts.reduce((sum, part) => sum + part.stored, index.stored + written.stored) };
  });
}

async function* once(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}

async function writeFiles(
  { place, key, baseId }: { place: Place; key: Buffer; baseId: string },
  copy: OnlineCopy,
  signal: AbortSignal,
  onProgress?: WorkOptions['onProgress'],
) {
  const of = { systemId: copy.systemId, baseId };
  const indexed: IndexedFile[] = [];
  for await (const path of copy.folders()) indexed.push({ path, part: null, bytes: 0, sha256: null });
  const failing = new AbortController();
  const either = AbortSignal.any([signal, failing.signal]);
  const parts: StoredFile[] = [];
  const done = { files: 0, bytes: 0 };
  let started = 0;
  const groups = inGroups(copy.files());
  let turn: Promise<unknown> = Promise.resolve();
  const next = (): Promise<ClusterFile[] | null> => {
    const asked = turn.then(async () => {
      const { done: isOver, value } = await groups.next();
      return isOver ? null : value;
    });
    turn = asked.catch(() => undefined);
    return asked;
  };
  async function* piecesOf(group: ClusterFile[], part: number): AsyncIterable<Buffer> {
    for (const file of group) {
      const digest = createHash('sha256');
      let bytes = 0;
      for await (const piece of fromSource(copy.read(file, either))) {
        digest.update(piece);
        bytes += piece.length;
        done.bytes += piece.length;
        yield piece;
        onProgress?.(done);
      }
      indexed.push({ path: file.path, part, bytes, sha256: digest.digest('hex') });
      done.files += 1;
    }
  }
  const taker = async (): Promise<void> => {
    try {
      for (let group = await next(); group; group = await next()) {
        const number = (started += 1);
        parts[number - 1] = await putSealed(place, key, basePartKey(of, number), piecesOf(group, number), either);
      }
    } catch (error) {
      failing.abort(error);
      throw error;
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: partsAtOnce }, taker));
  const failed = outcomes.find((one) => one.status === 'rejected');
  if (failed) throw failing.signal.aborted ? failing.signal.reason : failed.reason;
  // Of a part the order counts; parts were written side by side.
  const inOrder = indexed.toSorted((one, other) => (one.part ?? 0) - (other.part ?? 0));
  const index = await putSealed(place, key, baseIndexKey(of), linesOf(inOrder), either);
  return { copy, parts, index, files: done.files };
}

/** Files that are put into one part; pg_control, the last, has one of its own and is read when everything else was. */
async function* inGroups(files: AsyncIterable<ClusterFile>): AsyncGenerator<ClusterFile[]> {
  let [held, bytes]: [ClusterFile[], number] = [[], 0];
  for await (const file of files) {
    held.push(file);
    bytes += file.bytes;
    if (bytes < partBytes && held.length < 20_000) continue;
    yield held;
    [held, bytes] = [[], 0];
  }
  if (held.length > 0) yield held;
}

async function* linesOf(indexed: IndexedFile[]): AsyncIterable<Buffer> {
  for (const line of indexed) yield Buffer.from(`${canonical(line)}\n`);
}

/** Removes everything of a base backup, its manifest first: what is half removed is none any more. */
export async function deleteBase(place: Place, of: BaseName): Promise<void> {
  await placed(async () => {
    await place.delete(baseManifestKey(of));
    await deleteFolder(place, baseFolder(of));
  });
}
