import { FileProblem } from './fileProblem.ts';

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be';

const starts = (bytes: Buffer, ...of: number[]): boolean => of.every((byte, at) => bytes[at] === byte);
const looksLikeWideText = (bytes: Buffer): boolean =>
  bytes.length >= 4 && ((bytes[0] === 0 && bytes[2] === 0) || (bytes[1] === 0 && bytes[3] === 0));

/**
 * The text of a file, piece by piece. UTF-8 with or without a byte order mark and UTF-16 with one are read; other encodings cannot be
 * told apart from each other, so they are refused (`encoding_unsupported`), not guessed. Bytes that are no UTF-8 become U+FFFD, by
 * which the line and column that hold them are named.
 */
export async function* decodeText(bytes: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let decoder: InstanceType<typeof TextDecoder> | null = null;
  let beginning: Buffer = Buffer.alloc(0);
  for await (const piece of bytes) {
    if (decoder) {
      yield decoder.decode(piece, { stream: true });
      continue;
    }
    beginning = Buffer.concat([beginning, piece]);
    if (beginning.length < 4) continue;
    decoder = new TextDecoder(encodingOf(beginning));
    yield decoder.decode(beginning, { stream: true });
  }
  if (decoder) yield decoder.decode();
  else if (beginning.length > 0) yield new TextDecoder(encodingOf(beginning)).decode(beginning);
}

function encodingOf(bytes: Buffer): Encoding {
  if (starts(bytes, 0xff, 0xfe, 0, 0) || starts(bytes, 0, 0, 0xfe, 0xff)) throw unsupported('UTF-32');
  if (starts(bytes, 0xff, 0xfe)) return 'utf-16le';
  if (starts(bytes, 0xfe, 0xff)) return 'utf-16be';
  if (starts(bytes, 0x50, 0x4b, 3, 4)) throw unsupported('a spreadsheet (.xlsx) or an archive, not text');
  if (starts(bytes, 0x1f, 0x8b)) throw unsupported('compressed');
  if (looksLikeWideText(bytes)) throw unsupported('UTF-16 without a byte order mark');
  return 'utf-8';
}

const unsupported = (what: string): FileProblem =>
  new FileProblem('encoding_unsupported', `The file is ${what}. Save it as CSV or JSON in UTF-8.`);
