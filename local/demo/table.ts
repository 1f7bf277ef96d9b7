export interface Column {
  title: string;
  align: 'left' | 'right';
  most?: number;
}

const shorten = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

/** Plain text, aligned by characters. */
export function table(columns: readonly Column[], lines: readonly (readonly string[])[]): string {
  const shown = lines.map((line) => line.map((text, at) => shorten(text, columns[at]!.most ?? Infinity)));
  const widths = columns.map(({ title }, at) => Math.max(title.length, ...shown.map((line) => line[at]!.length)));
  const row = (line: readonly string[]): string =>
    line
      .map((text, at) => (columns[at]!.align === 'right' ? text.padStart(widths[at]!) : text.padEnd(widths[at]!)))
      .join('  ')
      .trimEnd();
  return [
    row(columns.map(({ title }) => title)),
    widths.map((width) => '-'.repeat(width)).join('  '),
    ...shown.map(row),
  ].join('\n');
}

/** The value below which this share of all lies, by nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
