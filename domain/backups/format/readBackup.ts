import type { KeyBook } from '../../audit/statements.ts';
import { NotInPlace } from '../../places/place.ts';
import { unsealFile } from '../../places/sealedFile.ts';
import {
  BackupManifest,
  indexKeyOf,
  keyCheckOf,
  largestIndex,
  largestManifest,
  manifestKeyOf,
  PartLabel,
  partKeyOf,
  sealContextOf,
  type HeldFile,
  type HeldPart,
} from './manifest.ts';
import { brokenFile, placed, refused } from './refusals.ts';
import { counted, measured, unpacked } from './streams.ts';
import type { BackupTarget } from './writeBackup.ts';

/** A backup whose manifest is believed. */
export interface OpenBackup {
  target: BackupTarget;
  manifest: BackupManifest;
  parts: HeldPart[];
}

export interface Believed {
  /** The keys of whoever may have signed it. */
  keys: KeyBook;
  /** The newest tenant migration that is known here; null where it does not matter. */
  newestSchema?: number | null;
}

/**
 * Reads and judges manifest and index, nothing else.
 *
 * @throws `backup_not_found` · `backup_damaged` (no manifest of ours) · `backup_format_unknown` · `backup_signer_unknown` · `backup_forged` ·
 *   `backup_wrong_tenant` · `backup_wrong_key` · `backup_empty` · `backup_schema_newer` · `backup_incomplete` · `backup_truncated`
 */
export async function openBackup(target: BackupTarget, { keys, newestSchema = null }: Believed): Promise<OpenBackup> {
  return placed(async () => {
    const manifest = await readManifest(target);
    if (!keys.has(manifest.kid))
      throw refused('backup_signer_unknown', 'The backup is signed by a key that is not known here.');
    if (!keys.vouchesFor(manifest)) throw refused('backup_forged', "The manifest's signature is not over this text.");
    if (manifest.tenant !== target.tenantId || manifest.backup !== target.backupId)
      throw refused('backup_wrong_tenant', 'This is the backup of another tenant, or another backup.');
    if (manifest.key !== target.key.id || manifest.keyCheck !== keyCheckOf(target.key, target))
      throw refused('backup_wrong_key', 'The backup is sealed with another key than that of this tenant.');
    refuseEmpty(manifest);
    if (newestSchema !== null && (manifest.schemaVersion ?? 0) > newestSchema)
      throw refused(
        'backup_schema_newer',
        `The backup holds tenant migration ${manifest.schemaVersion}, and ${newestSchema} is the newest that is known here.`,
      );
    return { target, manifest, parts: await readIndex(target, manifest) };
  });
}

async function readManifest(target: BackupTarget): Promise<BackupManifest> {
  const held: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of target.place.get(manifestKeyOf(target))) {
      bytes += piece.length;
      if (bytes > largestManifest) throw refused('backup_damaged', 'The manifest is larger than any of ours.');
      held.push(piece);
    }
  } catch (error) {
    if (error instanceof NotInPlace)
      throw refused('backup_not_found', 'There is no such backup, or it was never finished.', error);
    throw error;
  }
  let read: unknown;
  try {
    read = JSON.parse(Buffer.concat(held).toString());
  } catch (error) {
    throw refused('backup_damaged', 'The manifest is not what was written.', error);
  }
  const { v, kind } = (read ?? {}) as { v?: unknown; kind?: unknown };
  if (kind === 'backup' && typeof v === 'number' && v > 1)
    throw refused('backup_format_unknown', `The backup is of format ${v}; this release reads format 1.`);
  const parsed = BackupManifest.safeParse(read);
  if (!parsed.success) throw refused('backup_damaged', 'The manifest is not what was written.', parsed.error);
  return parsed.data;
}

/** Sources that hold rows of whatever tenant: its list of migrations, its issuer, its licence. Without any, nothing was backed up. */
const neverEmpty = new Set(['database', 'realm', 'license']);

function refuseEmpty({ sources, parts, schemaVersion }: BackupManifest): void {
  const empty = sources.find(({ source, rows }) => neverEmpty.has(source) && rows === 0);
  const database = sources.find(({ source }) => source === 'database');
  const lacksMigrations = database !== undefined && schemaVersion !== null && database.rows < 1;
  if (parts.length === 0 || sources.length === 0 || empty || lacksMigrations)
    throw refused('backup_empty', 'The backup is signed and whole, and there is nothing in it.');
}

async function readIndex(target: BackupTarget, manifest: BackupManifest): Promise<HeldPart[]> {
  if (manifest.index.bytes > largestIndex) throw refused('backup_damaged', 'The index is larger than any of ours.');
  const held: Buffer[] = [];
  for await (const piece of readFile(target, indexKeyOf(target), manifest.index, 'The index')) held.push(piece);
  const lines = Buffer.concat(held).toString().split('\n').slice(0, -1);
  return manifest.parts.map((part, at) => {
    const label = PartLabel.safeParse(JSON.parse(lines[at] ?? 'null'));
    if (!label.success || label.data.number !== part.number || lines.length !== manifest.parts.length)
      throw refused('backup_damaged', 'The index does not fit the manifest.', label.error);
    return { ...part, ...label.data };
  });
}

/**
 * A file in clear. What it yields was sealed so; that it is all, and what the manifest says, is known when it ended without an error: whoever
 * restores commits after that.
 */
async function* readFile(
  { place, key }: BackupTarget,
  name: string,
  file: HeldFile,
  what: string,
): AsyncIterable<Buffer> {
  const sealed = counted(place.get(name));
  const clear = measured(unpacked(unsealFile(key.key, sealed.pieces, sealContextOf(name))));
  let bytes = 0;
  try {
    for await (const piece of clear.pieces) {
      bytes += piece.length;
      if (bytes > file.bytes) throw refused('backup_damaged', `${what} holds more than the manifest says.`);
      yield piece;
    }
  } catch (error) {
    throw brokenFile(what, error, { stored: file.stored, read: sealed.bytes(), wasWhole: sealed.isOver() });
  }
  const { sha256 } = clear.result();
  if (bytes !== file.bytes || sha256 !== file.sha256 || sealed.bytes() !== file.stored)
    throw refused('backup_damaged', `${what} has another digest than the manifest says.`);
}

/** One part in clear; see {@link readFile} for when it can be believed. */
export const readPart = ({ target }: OpenBackup, part: HeldPart): AsyncIterable<Buffer> =>
  readFile(target, partKeyOf(target, part.number), part, `Part ${part.number}`);

/** The parts of a source, or all, each with its pieces, which are read before the next is asked for, or not at all. */
export async function* readParts(
  backup: OpenBackup,
  source: string | null = null,
): AsyncIterable<{ part: HeldPart; pieces: AsyncIterable<Buffer> }> {
  for (const part of backup.parts)
    if (source === null || part.source === source) yield { part, pieces: readPart(backup, part) };
}
