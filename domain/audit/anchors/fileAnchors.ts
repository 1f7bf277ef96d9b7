import { createReadStream } from 'node:fs';
import { mkdir, open, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { textOfLine, type KeptLine, type LineKind, type LinePlace } from './anchorPlace.ts';

const blockBytes = 64 * 1024;

/** JSON Lines in a file that is only ever appended to and synced to the disk after each line. A folder means the file in it. */
export function fileAnchors<Line extends { number: number; at: string }>(
  path: string,
  { read, fileName }: LineKind<Line>,
): LinePlace<Line> {
  const file = /\.jsonl?$/.test(path) ? path : join(path, fileName);
  return {
    name: file,
    newest: () => newestOf(file, read),
    async append(line) {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      const handle = await open(file, 'a', 0o600);
      try {
        // A line that a crash cut short stays as it is: what is evidence is never taken back.
        const torn = !(await endsWhole(file));
        await handle.appendFile(`${torn ? '\n' : ''}${textOfLine(line)}\n`);
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
    async *lines() {
      if (!(await sizeOf(file))) return;
      for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity }))
        if (text !== '') yield read(text);
    },
  };
}

const sizeOf = (file: string): Promise<number> =>
  stat(file).then(
    ({ size }) => size,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return 0;
      throw error;
    },
  );

async function endsWhole(file: string): Promise<boolean> {
  const size = await sizeOf(file);
  if (size === 0) return true;
  const handle = await open(file, 'r');
  try {
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
    return buffer[0] === 0x0a;
  } finally {
    await handle.close();
  }
}

/** The last line that is one of its kind, read from the end: the file may be large. */
async function newestOf<Line>(file: string, read: LineKind<Line>['read']): Promise<KeptLine<Line> | null> {
  const size = await sizeOf(file);
  if (size === 0) return null;
  const handle = await open(file, 'r');
  try {
    for (let length = Math.min(size, blockBytes); ; length = Math.min(size, length * 4)) {
      const lines = (await tailOf(handle, size, length)).split('\n');
      const whole = length < size ? lines.slice(1) : lines;
      for (const text of whole.toReversed()) {
        const kept = text === '' ? null : read(text);
        if (kept?.anchor) return kept;
      }
      if (length === size) return null;
    }
  } finally {
    await handle.close();
  }
}

async function tailOf(handle: FileHandle, size: number, length: number): Promise<string> {
  const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
  return buffer.toString();
}
