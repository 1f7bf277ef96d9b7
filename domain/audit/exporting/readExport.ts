import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { csvRows, recordOfRow } from './csv.ts';
import type { ExportRecord } from './records.ts';

/** A line in the midst of an export that is no record any more. */
export interface UnreadableLine {
  record: 'unreadable';
  line: number;
}

/** The records of an export in a file, JSON Lines or CSV; which of them, its beginning tells. Throws when it is no export at all. */
export async function* readExport(file: string): AsyncGenerator<ExportRecord | UnreadableLine> {
  let line = 0;
  for await (const read of (await beginsAsCsv(file)) ? fromCsv(file) : fromLines(file)) {
    line += 1;
    const record = read();
    if (record?.record === 'export' ? line !== 1 : line === 1)
      throw new Error('it does not begin as an export of the audit');
    yield record ?? { record: 'unreadable', line };
  }
  if (line === 0) throw new Error('it is empty');
}

type Read = () => ExportRecord | null;

async function* fromLines(file: string): AsyncGenerator<Read> {
  const input = createReadStream(file, { encoding: 'utf8' });
  for await (const text of createInterface({ input, crlfDelay: Infinity }))
    if (text !== '') yield () => orNull(() => JSON.parse(text) as ExportRecord);
}

async function* fromCsv(file: string): AsyncGenerator<Read> {
  let names: string[] | null = null;
  for await (const row of csvRows(createReadStream(file, { encoding: 'utf8' }))) {
    if (names === null) names = row;
    else yield () => orNull(() => recordOfRow(row, names!));
  }
}

function orNull(read: () => ExportRecord): ExportRecord | null {
  try {
    const record = read();
    const isRecord = typeof record === 'object' && record !== null && typeof record.record === 'string';
    return isRecord && (record.record !== 'entry' || typeof record.entry === 'object') ? record : null;
  } catch {
    return null;
  }
}

async function beginsAsCsv(file: string): Promise<boolean> {
  for await (const piece of createReadStream(file, { encoding: 'utf8', end: 16 }))
    return (piece as string).startsWith('record,');
  return false;
}
