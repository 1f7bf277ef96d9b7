import { folderOf, manifestKeyOf, indexKeyOf, partKeyOf, type HeldPart } from './manifest.ts';
import { openBackup, readPart, type Believed, type OpenBackup } from './readBackup.ts';
import { placed, refused } from './refusals.ts';
import type { BackupTarget } from './writeBackup.ts';

export interface VerifiedBackup extends OpenBackup {
  /** How much was read again, in clear. */
  bytes: number;
  rows: number;
}

export interface VerifyOptions extends Believed {
  signal: AbortSignal;
  onProgress?(done: { parts: number; bytes: number }): void;
}

/**
 * Reads everything again without restoring it: signature, tenant, key, every digest, every row, and that nothing is missing or too much.
 *
 * @throws what {@link openBackup} throws, and of the parts `backup_incomplete` · `backup_truncated` · `backup_damaged`
 */
export async function verifyBackup(
  target: BackupTarget,
  { signal, onProgress, ...believed }: VerifyOptions,
): Promise<VerifiedBackup> {
  const backup = await openBackup(target, believed);
  return placed(async () => {
    await compareFiles(backup);
    const total = { parts: 0, bytes: 0, rows: 0 };
    for (const part of backup.parts) {
      const { bytes, lines } = await readThrough(backup, part, signal);
      if (part.what === 'rows' && lines !== part.rows)
        throw refused('backup_damaged', `Part ${part.number} holds ${lines} rows, and ${part.rows} were counted.`);
      total.parts += 1;
      total.bytes += bytes;
      total.rows += part.rows ?? 0;
      onProgress?.(total);
    }
    return { ...backup, bytes: total.bytes, rows: total.rows };
  });
}

/** What is missing is known before gigabytes are read. */
async function compareFiles({ target, manifest, parts }: OpenBackup): Promise<void> {
  const wanted = new Map(parts.map(({ number, stored }) => [partKeyOf(target, number), stored]));
  wanted.set(indexKeyOf(target), manifest.index.stored);
  for await (const { key, bytes } of target.place.list(folderOf(target))) {
    if (key === manifestKeyOf(target)) continue;
    const stored = wanted.get(key);
    if (stored === undefined) throw refused('backup_damaged', 'A file lies there that the manifest does not know.');
    if (bytes < stored)
      throw refused('backup_truncated', `A file is cut short: ${bytes} of ${stored} bytes are there.`);
    wanted.delete(key);
  }
  if (wanted.size > 0) throw refused('backup_incomplete', `${wanted.size} of ${parts.length + 1} files are missing.`);
}

async function readThrough(
  backup: OpenBackup,
  part: HeldPart,
  signal: AbortSignal,
): Promise<{ bytes: number; lines: number }> {
  let [bytes, lines] = [0, 0];
  for await (const piece of readPart(backup, part)) {
    signal.throwIfAborted();
    bytes += piece.length;
    if (part.what === 'rows') for (let at = piece.indexOf(0x0a); at >= 0; at = piece.indexOf(0x0a, at + 1)) lines += 1;
  }
  return { bytes, lines };
}
