import { TokenType, TokenParser, Tokenizer } from '@streamparser/json';
import type { ImportField, ImportMapping, ImportProblem } from '#contracts/imports/imports.ts';
import { fieldOf } from './columns.ts';
import { FileProblem } from './fileProblem.ts';
import { longestRecordChars, type FileRecord, type Given } from './record.ts';

/** The records of a JSON array of objects, or of JSON Lines; which of them, the first sign tells. Throws {@link FileProblem}. */
export async function* readJson(text: AsyncIterable<string>, mapping: ImportMapping): AsyncGenerator<FileRecord> {
  const pieces = text[Symbol.asyncIterator]();
  let beginning = '';
  let isOver = false;
  while (!isOver && beginning.trim() === '') {
    const next = await pieces.next();
    isOver = Boolean(next.done);
    beginning += next.done ? '' : next.value;
    if (beginning.length > longestRecordChars)
      throw new FileProblem('json_invalid', 'The file begins with nothing but white space.');
  }
  if (beginning.trim() === '') throw new FileProblem('file_empty', 'The file is empty.');
  async function* all() {
    yield beginning;
    for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value;
  }
  const values = beginning.trimStart().startsWith('[') ? elementsOf(all()) : linesOf(all());
  for await (const { number, line, value, problem } of values)
    yield problem ? { number, line, given: [], problems: [problem] } : { number, line, ...givenIn(value, mapping) };
}

interface JsonValue {
  number: number;
  line: number;
  value?: unknown;
  problem?: ImportProblem;
}

async function* linesOf(text: AsyncIterable<string>): AsyncGenerator<JsonValue> {
  let line = 0;
  let rest = '';
  const valueOf = (json: string): JsonValue | null => {
    line += 1;
    if (json.trim() === '') return null;
    if (json.length > longestRecordChars) return { number: line, line, problem: tooLong };
    try {
      return { number: line, line, value: JSON.parse(json) };
    } catch {
      return { number: line, line, problem: { code: 'json_invalid', column: null, text: 'This line is not JSON.' } };
    }
  };
  for await (const piece of text) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > longestRecordChars)
      throw new FileProblem(
        'line_too_long',
        `Line ${line + lines.length + 1} is longer than ${longestRecordChars / 1024} kB.`,
      );
    for (const json of lines) {
      const value = valueOf(json);
      if (value) yield value;
    }
  }
  const last = valueOf(rest);
  if (last) yield last;
}

const tooLong: ImportProblem = {
  code: 'line_too_long',
  column: null,
  text: `It is longer than ${longestRecordChars / 1024} kB.`,
};

/** Of one array, without ever holding more of it than one element. */
async function* elementsOf(text: AsyncIterable<string>): AsyncGenerator<JsonValue> {
  const tokens = new Tokenizer();
  const values = new TokenParser({ paths: ['$.*'], keepStack: false });
  const found: JsonValue[] = [];
  let line = 1;
  let number = 0;
  let depth = 0;
  let beganOn = 1;
  let isOver = false;
  let charsSince = 0;
  tokens.onToken = (token) => {
    const opens = token.token === TokenType.LEFT_BRACE || token.token === TokenType.LEFT_BRACKET;
    const closes = token.token === TokenType.RIGHT_BRACE || token.token === TokenType.RIGHT_BRACKET;
    if (depth === 1 && !closes && token.token !== TokenType.COMMA) beganOn = line;
    if (opens) depth += 1;
    if (closes) depth -= 1;
    values.write(token);
  };
  values.onValue = ({ value }) => {
    number += 1;
    charsSince = 0;
    found.push({ number, line: beganOn, value });
  };
  values.onEnd = () => (isOver = true);
  const feed = (part: string): void => {
    if (isOver && part.trim() !== '') throw broken(line, 'Something follows the end of the array.');
    if (isOver) return;
    try {
      tokens.write(part);
    } catch (error) {
      throw broken(line, `It is no valid JSON from line ${line} on.`, error);
    }
    charsSince += part.length;
    if (charsSince > 2 * longestRecordChars && found.length === 0)
      throw new FileProblem(
        'line_too_long',
        `The element that begins on line ${beganOn} is longer than ${longestRecordChars / 1024} kB.`,
      );
  };
  for await (const piece of text) {
    for (const part of partsOf(piece)) {
      feed(part);
      if (part.endsWith('\n')) line += 1;
      yield* found.splice(0);
    }
  }
  if (!isOver) throw broken(line, 'The array is not closed: the file seems to be cut off.');
  yield* found.splice(0);
}

/** Line by line, so that lines can be counted; a long line in pieces, so that a long element is noticed. */
function* partsOf(piece: string): Generator<string> {
  for (const line of piece.split(/(?<=\n)/))
    for (let from = 0; from < line.length; from += longestRecordChars)
      yield line.slice(from, from + longestRecordChars);
}

const broken = (line: number, text: string, _cause?: unknown): FileProblem =>
  new FileProblem('json_invalid', `Line ${line}: ${text}`);

/** What an object says, by its keys; `admin` and `labels` may be objects of their own. */
function givenIn(value: unknown, mapping: ImportMapping): Pick<FileRecord, 'given' | 'problems'> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { given: [], problems: [{ code: 'json_invalid', column: null, text: 'It is not an object.' }] };
  const given: Given[] = [];
  const problems: ImportProblem[] = [];
  const seen = new Set<ImportField>();
  for (const [column, raw] of flattened(value)) {
    const field = fieldOf(column, mapping);
    const text = textOf(raw);
    if (field === null || raw === null || text === '') continue;
    if (field === undefined)
      problems.push({ code: 'column_unknown', column, text: 'Nobody knows what this tells. Say so, or leave it out.' });
    else if (seen.has(field))
      problems.push({ code: 'column_duplicate', column, text: `It tells ${field} a second time.` });
    else if (text === null) problems.push({ code: 'value_invalid', column, text: 'It must be text.' });
    else given.push({ field, column, text });
    if (field) seen.add(field);
  }
  return { given, problems };
}

const nested = new Set(['admin', 'labels']);

const flattened = (value: object): [string, unknown][] =>
  Object.entries(value).flatMap(([key, inner]): [string, unknown][] =>
    nested.has(key) && typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.entries(inner as object).map(([name, one]) => [`${key}.${name}`, one])
      : [[key, inner]],
  );

function textOf(raw: unknown): string | null {
  if (typeof raw === 'string') return raw.trim();
  return typeof raw === 'number' || typeof raw === 'boolean' ? String(raw) : null;
}
