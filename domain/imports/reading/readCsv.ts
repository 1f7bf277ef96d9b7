import { Readable } from 'node:stream';
import { parse, type Options } from 'csv-parse';
import type { ImportMapping, ImportProblem } from '#contracts/imports/imports.ts';
import { fieldsOfHeader } from './columns.ts';
import { FileProblem } from './fileProblem.ts';
import { longestRecordChars, type FileRecord } from './record.ts';

const separators = [',', ';', '\t'] as const;

interface Row {
  line: number;
  cells: string[];
}
interface Misread {
  line: number;
  problem: ImportProblem;
  /** Where the next record begins is not known. */
  isTheEnd: boolean;
}

/**
 * The records of a CSV (RFC 4180; also with semicolons or tabs), by the header in its first line. Lines that are empty are passed
 * over. A quote that is never closed swallows what comes after it, so nothing after it is read: throws {@link FileProblem}.
 */
export async function* readCsv(text: AsyncIterable<string>, mapping: ImportMapping): AsyncGenerator<FileRecord> {
  let header: string[] | null = null;
  let fields: ReturnType<typeof fieldsOfHeader>['fields'] = [];
  for await (const read of rowsOf(text)) {
    if ('problem' in read) {
      if (header === null || read.isTheEnd) throw new FileProblem(read.problem.code, read.problem.text);
      yield { number: read.line, line: read.line, given: [], problems: [read.problem] };
      continue;
    }
    const { line, cells } = read;
    if (cells.every((cell) => cell.trim() === '')) continue;
    if (header === null) {
      header = cells.map((cell) => cell.trim());
      const { fields: found, problems } = fieldsOfHeader(header, mapping);
      if (problems.length > 0) throw new HeaderProblem(problems);
      fields = found;
      continue;
    }
    const names = header;
    const given = cells.flatMap((cell, at) => {
      const field = fields[at];
      const value = cell.trim();
      return field && value !== '' ? [{ field, column: names[at] ?? '', text: value }] : [];
    });
    yield {
      number: line,
      line,
      given,
      problems: cells.length === names.length ? [] : [differ(cells.length, names.length)],
    };
  }
  if (header === null) throw new FileProblem('file_empty', 'The file is empty.');
}

/** A header with several things wrong with it: all of them are told at once. */
export class HeaderProblem extends FileProblem {
  readonly problems: ImportProblem[];

  constructor(problems: ImportProblem[]) {
    super('column_unknown', 'The columns do not fit.');
    this.problems = problems;
  }
}

const differ = (has: number, wants: number): ImportProblem => ({
  code: 'cells_differ',
  column: null,
  text: `It has ${has} ${has === 1 ? 'cell' : 'cells'}; the header has ${wants}.`,
});

async function* rowsOf(text: AsyncIterable<string>): AsyncGenerator<Row | Misread> {
  const { beginning, rest } = await firstLineOf(text);
  let end = 0;
  let twice = 0;
  const options: Options<Row, string[]> = {
    delimiter: separatorIn(beginning),
    relax_column_count: true,
    skip_records_with_error: true,
    max_record_size: longestRecordChars,
    on_record: (cells: string[], { lines }): Row => {
      const line = end + 1;
      // A line end of two signs within a cell is counted as two lines.
      twice += cells.reduce((sum, cell) => sum + (cell.includes('\r\n') ? cell.split('\r\n').length - 1 : 0), 0);
      end = lines - twice;
      return { line, cells };
    },
    on_skip: (error) => {
      const line = end + 1;
      const brokeOn = Number((error as { lines?: number } | undefined)?.lines ?? line + twice) - twice;
      if (brokeOn <= end) return undefined; // more of a line that was told of
      end = brokeOn;
      parser.push(misread(error?.code, line));
      return undefined;
    },
  };
  const parser = parse(options as unknown as Options); // its types have no name for records of another shape
  const source = Readable.from(rest);
  source.on('error', (error) => parser.destroy(error));
  source.pipe(parser);
  try {
    for await (const read of parser) {
      yield read as Row | Misread;
      if ('isTheEnd' in (read as object) && (read as Misread).isTheEnd) return;
    }
  } finally {
    source.destroy();
    parser.destroy();
  }
}

function misread(code: string | undefined, line: number): Misread {
  if (code === 'INVALID_OPENING_QUOTE')
    return {
      line,
      isTheEnd: false,
      problem: {
        code: 'quote_misplaced',
        column: null,
        text: 'A quote stands within a cell that does not begin with one. Quote the whole cell, and double the quotes in it.',
      },
    };
  if (code === 'CSV_MAX_RECORD_SIZE')
    return {
      line,
      isTheEnd: true,
      problem: {
        code: 'line_too_long',
        column: null,
        text: `The record that begins on line ${line} is longer than ${longestRecordChars / 1024} kB: is a quote in it never closed?`,
      },
    };
  if (code === 'CSV_QUOTE_NOT_CLOSED')
    return {
      line,
      isTheEnd: true,
      problem: { code: 'quote_not_closed', column: null, text: `A quote that opens on line ${line} is never closed.` },
    };
  return {
    line,
    isTheEnd: true,
    problem: {
      code: 'quote_misplaced',
      column: null,
      text: `On line ${line} something follows a closing quote; where that record ends cannot be known.`,
    },
  };
}

/** Reads as far as the first line goes, and gives back everything, that beginning included. */
async function firstLineOf(text: AsyncIterable<string>): Promise<{ beginning: string; rest: AsyncIterable<string> }> {
  const pieces = text[Symbol.asyncIterator]();
  let beginning = '';
  while (!/[\r\n]/.test(beginning) && beginning.length < longestRecordChars) {
    const next = await pieces.next();
    if (next.done) break;
    beginning += next.value;
  }
  async function* all() {
    yield beginning;
    for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value;
  }
  return { beginning: beginning.split(/[\r\n]/, 1)[0] ?? '', rest: all() };
}

/** The one that the header has most of, outside of quotes. */
function separatorIn(header: string): string {
  const plain = header.replace(/"[^"]*"/g, '');
  const counts = separators.map((separator) => plain.split(separator).length);
  return separators[counts.indexOf(Math.max(...counts))] ?? ',';
}
