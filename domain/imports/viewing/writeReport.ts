import type { Import, ImportLine, ImportLineState } from '#contracts/imports/imports.ts';
import { csvLine } from '../../csvCells.ts';
import type { Registry } from '../../database.ts';
import type { Keyring } from '../../secrets/keyring.ts';
import { listLines } from './viewLines.ts';

const pageLines = 500;
const columns = [
  'line',
  'number',
  'state',
  'name',
  'slug',
  'external_id',
  'tenant_id',
  'run_id',
  'code',
  'column',
  'text',
];

export const reportTypes = {
  csv: 'text/csv; charset=utf-8; header=present',
  json: 'application/json; charset=utf-8',
} as const;

/**
 * The report of an import, made while it is sent: as CSV a row for each line, or for each thing that is wrong with it, without anything
 * that a spreadsheet would carry out; as JSON one object.
 */
export async function* writeReport(
  { registry, keyring }: { registry: Registry; keyring: Keyring },
  file: Import,
  { format, state }: { format: 'csv' | 'json'; state?: ImportLineState | undefined },
): AsyncGenerator<string> {
  const pages = pagesOf(registry, keyring, file.id, state);
  if (format === 'csv') {
    yield csvLine(columns);
    for (const { code, column, text } of file.problems)
      yield csvLine(['', '', 'refused', '', '', '', '', '', code, column, text]);
    for await (const lines of pages) yield lines.flatMap(rowsOf).join('');
    return;
  }
  const { may: _may, ...told } = file;
  yield `${JSON.stringify(told).slice(0, -1)},"lines":[`;
  let isFirst = true;
  for await (const lines of pages) {
    yield lines.map((line, at) => `${isFirst && at === 0 ? '' : ','}\n${JSON.stringify(line)}`).join('');
    isFirst = false;
  }
  yield '\n]}\n';
}

async function* pagesOf(
  registry: Registry,
  keyring: Keyring,
  importId: string,
  state: ImportLineState | undefined,
): AsyncGenerator<ImportLine[]> {
  for (let after: number | null = 0; after !== null;) {
    const { items, nextAfter } = await listLines(registry.em.fork(), keyring, importId, {
      after,
      limit: pageLines,
      state,
    });
    if (items.length > 0) yield items;
    after = nextAfter;
  }
}

function rowsOf({
  line,
  number,
  state,
  name,
  slug,
  externalId,
  tenantId,
  runId,
  problems,
  reason,
}: ImportLine): string[] {
  const begin = [line, number, state, name, slug, externalId, tenantId, runId];
  const wrong = [...problems, ...(reason ? [{ ...reason, column: null }] : [])];
  if (wrong.length === 0) return [csvLine([...begin, '', '', ''])];
  return wrong.map(({ code, column, text }) => csvLine([...begin, code, column, text]));
}
