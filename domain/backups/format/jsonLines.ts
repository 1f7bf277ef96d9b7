import type { z } from 'zod';
import { refused } from './refusals.ts';

const longestLine = 4 * 1024 * 1024;

/** JSON Lines in pieces of some size, and how many they were. */
export function jsonLines(all: Iterable<object> | AsyncIterable<object>): {
  pieces: AsyncIterable<Buffer>;
  count(): number;
} {
  let count = 0;
  async function* pieces(): AsyncIterable<Buffer> {
    let held: string[] = [];
    for await (const row of all) {
      held.push(`${JSON.stringify(row)}\n`);
      count += 1;
      if (held.length < 100) continue;
      yield Buffer.from(held.join(''));
      held = [];
    }
    if (held.length > 0) yield Buffer.from(held.join(''));
  }
  return { pieces: pieces(), count: () => count };
}

/** Each line as what it should be. Throws `backup_damaged` for anything else. */
export async function* parsedLines<Row>(pieces: AsyncIterable<Buffer>, shape: z.ZodType<Row>): AsyncIterable<Row> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of pieces) {
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      yield parsed(rest.subarray(0, end), shape);
      rest = rest.subarray(end + 1);
    }
    if (rest.length > longestLine) throw refused('backup_damaged', 'A line of the backup is longer than any of ours.');
  }
  if (rest.length > 0) throw refused('backup_damaged', 'The backup ends within a line.');
}

function parsed<Row>(line: Buffer, shape: z.ZodType<Row>): Row {
  try {
    return shape.parse(JSON.parse(line.toString()));
  } catch (error) {
    // What zod or the parser says may hold a piece of the line.
    throw refused('backup_damaged', 'A line of the backup is not what was written.', new Error((error as Error).name));
  }
}
