import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** A secret by a name that may be told. */
export interface Secret {
  what: string;
  bytes: Buffer;
}

const gzipMark = Buffer.from([0x1f, 0x8b, 0x08]);

/**
 * As it is, and in the dress of hex (both cases), base64 and base64url, each at its three offsets: what stands before a secret shifts
 * its letters.
 */
function dressesOf(bytes: Buffer): Buffer[] {
  const shifted = (encoding: 'base64' | 'base64url') =>
    [0, 1, 2].map((offset) => {
      const text = Buffer.concat([Buffer.alloc(offset), bytes])
        .toString(encoding)
        .replace(/=+$/, '');
      return text.slice(Math.ceil((offset * 8) / 6), -1); // without the letters that its neighbours share
    });
  const hex = bytes.toString('hex');
  const texts = [...shifted('base64'), ...shifted('base64url'), hex, hex.toUpperCase()];
  return [bytes, ...texts.map((text) => Buffer.from(text))];
}

/** Looks for many secrets in one pass over each byte. */
export class SecretScan {
  readonly #dresses = new Map<number, { what: string; dress: Buffer }[]>();
  readonly #begins = new Uint8Array(2 ** 16);
  scannedBytes = 0;

  constructor(secrets: readonly Secret[]) {
    for (const { what, bytes } of secrets) {
      if (bytes.length < 8) throw new Error(`${what} is too short to be told from chance`);
      for (const dress of dressesOf(bytes)) {
        this.#begins[dress.readUInt16BE(0)] = 1;
        const begin = dress.readUInt32BE(0);
        this.#dresses.set(begin, [...(this.#dresses.get(begin) ?? []), { what, dress }]);
      }
    }
  }

  /** Which secrets stand in there, also inside what was packed by gzip. */
  find(content: Buffer): string[] {
    return [...new Set([...this.#findPlain(content), ...unpacked(content).flatMap((part) => this.#findPlain(part))])];
  }

  #findPlain(content: Buffer): string[] {
    this.scannedBytes += content.length;
    const found: string[] = [];
    for (let at = 0; at + 4 <= content.length; at++) {
      if (this.#begins[(content[at]! << 8) | content[at + 1]!] === 0) continue;
      const candidates = this.#dresses.get(content.readUInt32BE(at));
      for (const { what, dress } of candidates ?? [])
        if (content.compare(dress, 0, dress.length, at, Math.min(at + dress.length, content.length)) === 0)
          found.push(what);
    }
    return found;
  }

  /** Everything below a folder, as `secret in file`. */
  async findInFolder(root: string): Promise<string[]> {
    const found: string[] = [];
    for (const name of await readdir(root, { recursive: true })) {
      const path = join(root, name);
      const entry = await stat(path).catch(() => null); // servers come and go with their files
      if (!entry?.isFile()) continue;
      const content = await readFile(path).catch(() => Buffer.alloc(0));
      found.push(...this.find(content).map((what) => `${what} in ${name}`));
    }
    return found;
  }
}

function unpacked(content: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = content.indexOf(gzipMark); at >= 0; at = content.indexOf(gzipMark, at + 1)) {
    try {
      parts.push(gunzipSync(content.subarray(at), { finishFlush: 2 /* Z_SYNC_FLUSH: what is cut off still counts */ }));
    } catch {
      // Three bytes that only look like it.
    }
  }
  return parts;
}
