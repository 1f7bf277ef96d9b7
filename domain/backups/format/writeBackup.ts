import type { Signer } from '../../audit/signingKeys.ts';
import { signStatement } from '../../audit/statements.ts';
import { canonical } from '../../audit/canonical.ts';
import { FileLocked, type Place } from '../../places/place.ts';
import { sealFile } from '../../places/sealedFile.ts';
import type { TenantKey } from '../../secrets/tenantKeys.ts';
import {
  folderOf,
  indexKeyOf,
  keyCheckOf,
  largestManifest,
  manifestKeyOf,
  partKeyOf,
  sealContextOf,
  type BackupManifest,
  type BackupStatement,
  type HeldFile,
  type HeldSource,
  type ListedPart,
  type PartLabel,
} from './manifest.ts';
import { PartQueue } from './partQueue.ts';
import { fromSource, placed, refused } from './refusals.ts';
import { counted, measured, packed } from './streams.ts';

/** A part as its source gives it. */
export interface BackupPart {
  source: string;
  resourceId: string;
  what: 'rows' | 'objects';
  name: string;
  /** Read once, to their end. */
  pieces: AsyncIterable<Buffer>;
  /** What it holds is of this moment, by this process's clock. */
  at: Date;
  about?: Record<string, unknown>;
  /** What the source says it gave; asked for when the pieces were read. */
  held(): { rows?: number; objects?: number; last?: string; changed?: number };
}

export interface BackupTarget {
  place: Place;
  /** The tenant's: what is not readable any more after it is destroyed. */
  key: TenantKey;
  tenantId: string;
  backupId: string;
}

export interface BackupHead {
  installationId: string;
  /** Nobody may change or remove the files before; a bucket with object lock sees to it. */
  lockedUntil?: Date;
  /** For how long the tenant's writes were held, asked for when all parts were read; null when they were not. */
  fenceMs?(): number | null;
}

export interface WriteOptions {
  signer: Signer;
  signal: AbortSignal;
  /** How many parts are written side by side. */
  width?: number;
  /** The parts' moments may differ by so much. */
  mostSkewMs?: number;
  /** Called as it goes on, at least once a part: for heartbeats. */
  onProgress?(done: { parts: number; bytes: number }): void;
}

export interface WrittenBackup {
  manifest: BackupManifest;
  /** What all its files take in the place. */
  storedBytes: number;
}

interface Written {
  part: ListedPart;
  label: PartLabel;
  resourceId: string;
}

const defaultWidth = 2;
const defaultMostSkewMs = 5_000;

/**
 * Writes a backup: each part packed and sealed while it is read, then the index, and last the signed manifest, without which the rest is nothing.
 * Costs the memory of some pieces. What a killed attempt left is written over or removed with its folder.
 *
 * @param parts is given what tells the sources that they need not go on
 * @throws `backup_failed` · `backup_empty` · `backup_skewed` · `backup_place_full` · `backup_place_gone` · `backup_place_refused`
 */
export async function writeBackup(
  target: BackupTarget,
  head: BackupHead,
  parts: (signal: AbortSignal) => AsyncIterable<BackupPart>,
  options: WriteOptions,
): Promise<WrittenBackup> {
  const { width = defaultWidth, onProgress } = options;
  const failing = new AbortController();
  const signal = AbortSignal.any([options.signal, failing.signal]);
  const written: Written[] = [];
  let bytes = 0;
  const { lockedUntil } = head;

  async function writePart(part: BackupPart, number: number): Promise<void> {
    const file = await writeFile(target, partKeyOf(target, number), part.pieces, {
      signal,
      lockedUntil,
    });
    const { rows = null, objects = null, last, changed = 0 } = part.held();
    written.push({
      part: {
        number,
        source: part.source,
        what: part.what,
        at: part.at.toISOString(),
        rows,
        objects,
        changed,
        ...file,
      },
      label: {
        number,
        name: part.name,
        ...(last === undefined ? {} : { last }),
        ...(part.about ? { about: part.about } : {}),
      },
      resourceId: part.resourceId,
    });
    bytes += file.bytes;
    onProgress?.({ parts: written.length, bytes });
  }

  return placed(async () => {
    await new PartQueue(fromSource(parts(signal)), signal).drain(width, writePart, (error) => failing.abort(error));
    written.sort((one, other) => one.part.number - other.part.number);
    const index = await writeFile(target, indexKeyOf(target), linesOf(written.map(({ label }) => label)), {
      signal,
      lockedUntil,
    });
    const manifest = signStatement(statementOf(target, head, written, index, options), options.signer);
    const text = Buffer.from(`${canonical(manifest)}\n`);
    if (text.length > largestManifest)
      throw refused('backup_failed', 'The backup has more parts than a manifest holds.');
    signal.throwIfAborted();
    await target.place.put(manifestKeyOf(target), once(text), signal, { lockedUntil });
    const storedBytes = written.reduce((sum, { part }) => sum + part.stored, index.stored + text.length);
    return { manifest, storedBytes };
  });
}

async function* once(text: Buffer): AsyncIterable<Buffer> {
  yield text;
}

async function* linesOf(labels: PartLabel[]): AsyncIterable<Buffer> {
  for (const label of labels) yield Buffer.from(`${canonical(label)}\n`);
}

/** Packed, then sealed: what is sealed cannot be packed any more. */
async function writeFile(
  { place, key }: BackupTarget,
  name: string,
  pieces: AsyncIterable<Buffer>,
  { signal, lockedUntil }: { signal: AbortSignal; lockedUntil: Date | undefined },
): Promise<HeldFile> {
  const clear = measured(fromSource(pieces));
  const sealed = counted(sealFile(key.key, packed(clear.pieces), sealContextOf(name)));
  await place.put(name, sealed.pieces, signal, { lockedUntil });
  return { ...clear.result(), stored: sealed.bytes() };
}

function statementOf(
  target: BackupTarget,
  { installationId, fenceMs }: BackupHead,
  written: Written[],
  index: HeldFile,
  { mostSkewMs = defaultMostSkewMs }: WriteOptions,
): BackupStatement {
  const moments = written.map(({ part }) => Date.parse(part.at));
  const earliest = moments.reduce((least, moment) => Math.min(least, moment), Infinity);
  const skewMs = moments.reduce((most, moment) => Math.max(most, moment - earliest), 0);
  if (written.length === 0) throw refused('backup_empty', 'There is nothing to back up: the tenant has no part.');
  if (skewMs > mostSkewMs)
    throw refused(
      'backup_skewed',
      `The parts are ${skewMs} ms apart, and ${mostSkewMs} ms are the most. It is tried again.`,
    );
  return {
    v: 1,
    kind: 'backup',
    installation: installationId,
    tenant: target.tenantId,
    backup: target.backupId,
    at: new Date(earliest).toISOString(),
    skewMs,
    fenceMs: fenceMs?.() ?? null,
    finishedAt: new Date().toISOString(),
    key: target.key.id,
    keyCheck: keyCheckOf(target.key, target),
    schemaVersion: schemaVersionOf(written),
    sources: sourcesOf(written),
    parts: written.map(({ part }) => part),
    index,
  };
}

function schemaVersionOf(written: Written[]): number | null {
  const versions = written.map(({ label }) => label.about?.['schemaVersion']).filter((one) => typeof one === 'number');
  return versions.length > 0 ? Math.max(...versions) : null;
}

function sourcesOf(written: Written[]): HeldSource[] {
  const bySource = new Map<string, HeldSource>();
  for (const { part, resourceId } of written) {
    const of = bySource.get(part.source) ?? {
      source: part.source,
      resource: resourceId,
      at: part.at,
      parts: 0,
      rows: 0,
      objects: 0,
      changed: 0,
      bytes: 0,
    };
    of.parts += 1;
    of.rows += part.rows ?? 0;
    of.objects += part.objects ?? 0;
    of.changed += part.changed;
    of.bytes += part.bytes;
    if (part.at < of.at) of.at = part.at;
    bySource.set(part.source, of);
  }
  return [...bySource.values()];
}

/**
 * Removes everything of a backup, its manifest first: what is half removed is no backup any more. Returns how many files went.
 *
 * @throws `backup_locked` before anything of it is gone, when a lock keeps any of its files
 */
export async function removeBackup({
  place,
  ...of
}: Pick<BackupTarget, 'place' | 'tenantId' | 'backupId'>): Promise<number> {
  return placed(async () => {
    let count = 0;
    for await (const { key } of place.list(folderOf(of))) {
      const until = await place.lockedUntil(key);
      if (until) throw new FileLocked(until);
    }
    await place.delete(manifestKeyOf(of));
    for await (const { key } of place.list(folderOf(of), { clears: true })) {
      await place.delete(key);
      count += 1;
    }
    return count + 1;
  });
}
