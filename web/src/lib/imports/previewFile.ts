import { importFields, type ImportField } from '#contracts/imports/imports.ts';

/** What a file begins with, as far as it can be told without reading all of it. */
export interface Preview {
  format: 'csv' | 'json';
  columns: { name: string; field: ImportField | null; examples: string[] }[];
}

const shownBytes = 64 * 1024;
const shownLines = 3;
const folded = (name: string): string => name.toLowerCase().replace(/[\s_.-]+/g, '');
const guesses = new Map<string, ImportField>([
  ...importFields.map((field) => [folded(field), field] as const),
  ['email', 'adminEmail'],
  ['adminmail', 'adminEmail'],
]);

const guess = (name: string): ImportField | null => {
  const label = /^labels?[.: ]\s*([a-z0-9][a-z0-9._/-]*)$/i.exec(name)?.[1];
  return label ? `label:${label.toLowerCase()}` : (guesses.get(folded(name)) ?? null);
};

/** The columns of a file with what its first lines say; null where they cannot be told here: the check tells more. */
export async function previewOf(file: File): Promise<Preview | null> {
  const bytes = new Uint8Array(await file.slice(0, shownBytes).arrayBuffer());
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
  const text = new TextDecoder(encoding).decode(bytes);
  return /\.(?:json|jsonl|ndjson)$/i.test(file.name) ? previewOfJson(text) : previewOfCsv(text);
}

function previewOfCsv(text: string): Preview | null {
  const plainHeader = (text.split(/[\r\n]/, 1)[0] ?? '').replace(/"[^"]*"/g, '');
  const separator =
    [',', ';', '\t'].toSorted((a, b) => plainHeader.split(b).length - plainHeader.split(a).length)[0] ?? ',';
  const [header, ...rest] = rowsOf(text, separator).filter((row) => row.some((cell) => cell.trim() !== ''));
  if (!header) return null;
  const examples = rest.slice(0, shownLines);
  return {
    format: 'csv',
    columns: header.map((cell, at) => ({
      name: cell.trim(),
      field: guess(cell.trim()),
      examples: examples.flatMap((row) => row[at]?.trim() || []),
    })),
  };
}

/** RFC 4180, for a beginning that may be cut off anywhere. */
function rowsOf(text: string, separator: string): string[][] {
  const rows: string[][] = [[]];
  let cell = '';
  let isQuoted = false;
  const end = () => void (rows.at(-1)!.push(cell), (cell = ''));
  for (let at = 0; at < text.length && rows.length <= shownLines + 2; at++) {
    const sign = text[at]!;
    if (isQuoted && sign === '"' && text[at + 1] === '"') [cell, at] = [cell + '"', at + 1];
    else if (sign === '"' && (isQuoted || cell === '')) isQuoted = !isQuoted;
    else if (!isQuoted && sign === separator) end();
    else if (!isQuoted && sign === '\n') {
      end();
      rows.push([]);
    } else if (isQuoted || sign !== '\r') cell += sign;
  }
  if (cell !== '' || rows.at(-1)!.length > 0) end();
  return rows;
}

function previewOfJson(text: string): Preview | null {
  const objects: Record<string, unknown>[] = [];
  const body = text.trimStart().replace(/^\[/, '');
  for (const part of body.split(/(?<=\})\s*,?\s*(?=\{)/).slice(0, shownLines + 1)) {
    try {
      objects.push(JSON.parse(part.trim().replace(/[,\]]\s*$/, '')) as Record<string, unknown>);
    } catch {
      break; // cut off, or for the check to tell
    }
  }
  const flat = objects.map((one) =>
    Object.entries(one).flatMap(([key, value]): [string, string][] =>
      typeof value === 'object' && value !== null
        ? Object.entries(value).map(([inner, text]) => [`${key}.${inner}`, String(text)])
        : [[key, String(value)]],
    ),
  );
  const names = [...new Set(flat.flatMap((one) => one.map(([name]) => name)))];
  if (names.length === 0) return null;
  return {
    format: 'json',
    columns: names.map((name) => ({
      name,
      field: guess(name),
      examples: flat.flatMap((one) => one.find(([key]) => key === name)?.[1] ?? []).slice(0, shownLines),
    })),
  };
}
