import { csvHeader, csvRow } from './csv.ts';
import type { ExportFormat, ExportRecord } from './records.ts';

export const contentTypes: Record<ExportFormat, string> = {
  jsonl: 'application/jsonl; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
};

/** The text of an export, as its records come. */
export async function* writeExport(records: AsyncIterable<ExportRecord>, format: ExportFormat): AsyncGenerator<string> {
  if (format === 'csv') yield csvHeader;
  for await (const record of records) yield format === 'csv' ? csvRow(record) : `${JSON.stringify(record)}\n`;
}
