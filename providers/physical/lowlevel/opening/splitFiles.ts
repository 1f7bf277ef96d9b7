import { createHash, type Hash } from 'node:crypto';
import { closeSync, fchownSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { BrokenFile, type HeldFile, type Opening } from './messages.ts';

interface OpenFile {
  file: number | null;
  digest: Hash;
  left: number;
  of: HeldFile;
}

/**
 * Divides clear bytes into the files that lie behind one another in them, writes these and compares each with its digest. Without waiting for the
 * disk: this is for a thread that does nothing else. Throws {@link BrokenFile}.
 */
export async function splitFiles(
  pieces: AsyncIterable<Buffer>,
  { files, into }: Pick<Opening, 'files' | 'into'>,
  tell: (bytes: number, files: number) => void,
): Promise<void> {
  let at = 0;
  let current: OpenFile | null = null;
  const letGo = (): OpenFile | null => {
    const was = current;
    current = null;
    if (was?.file != null) closeSync(was.file);
    return was;
  };
  const close = (): void => {
    const was = letGo();
    if (!was) return;
    if (was.digest.digest('hex') !== was.of.sha256) throw new BrokenFile('a file of it has another digest');
    tell(0, 1);
  };
  const next = (): OpenFile | null => {
    close();
    const of = files[at++];
    if (!of) return null;
    return (current = { file: begun(of.path, into), digest: createHash('sha256'), left: of.bytes ?? Infinity, of });
  };
  try {
    for await (const piece of pieces) {
      for (let rest = piece; rest.length > 0;) {
        let now: OpenFile | null = current;
        while (!now || now.left === 0) if (!(now = next())) throw new BrokenFile('it is longer than its files');
        const taken = rest.subarray(0, Math.min(now.left, rest.length));
        now.digest.update(taken);
        if (now.file !== null) writeAll(now.file, taken);
        now.left -= taken.length;
        rest = rest.subarray(taken.length);
      }
      tell(piece.length, 0);
    }
    // The last one, and empty files at the end.
    for (let now: OpenFile | null = current; ;) {
      if (now && now.left > 0 && now.of.bytes !== null) throw new BrokenFile('it is shorter than its files');
      if (!(now = next())) return;
    }
  } finally {
    letGo();
  }
}

function begun(path: string, into: Opening['into']): number | null {
  if (!into) return null;
  const file = openSync(join(into.folder, path), 'w', 0o600);
  const { uid, gid } = into.user;
  if (uid !== undefined && gid !== undefined) fchownSync(file, uid, gid);
  return file;
}

function writeAll(file: number, piece: Buffer): void {
  for (let at = 0; at < piece.length;) at += writeSync(file, piece, at);
}
