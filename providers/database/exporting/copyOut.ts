import { CopyFromServer } from '#domain/backups/copyTable.ts';

const backslash = 0x5c;
const blank = 0x20;

/** Reads `COPY (select one_json_text …) TO STDOUT` as JSON Lines, a row at a time and no faster than it is taken. Hand it to `client.query`. */
export class CopyOut extends CopyFromServer {
  constructor(text: string) {
    super(text, jsonLineOf);
  }
}

/**
 * COPY's text format writes a backslash twice, and what would end a line as a letter behind one. In JSON such a character stands only
 * between its tokens (a column of type `json` keeps its line ends), where a blank says the same.
 */
export function jsonLineOf(row: Buffer): Buffer {
  let at = row.indexOf(backslash);
  if (at < 0) return Buffer.from(row);
  const line = Buffer.allocUnsafe(row.length);
  let [length, from] = [0, 0];
  for (; at >= 0; at = row.indexOf(backslash, from)) {
    length += row.copy(line, length, from, at);
    line[length++] = row[at + 1] === backslash ? backslash : blank;
    from = at + 2;
  }
  length += row.copy(line, length, from);
  return line.subarray(0, length);
}
