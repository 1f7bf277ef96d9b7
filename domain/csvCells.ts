/**
 * What a spreadsheet would take for a formula gets an apostrophe before it, and so does what begins with one: whoever takes one
 * leading apostrophe away has the text as it was.
 */
const guard = (text: string): string => (/^['=+\-@\t\r\n]/.test(text) ? `'${text}` : text);

/** Takes back what the guard before formulas added. */
export const unguard = (text: string): string => (text.startsWith("'") ? text.slice(1) : text);

/** A cell of a CSV (RFC 4180) that no spreadsheet carries out. */
export const cell = (text: string): string => {
  const guarded = guard(text);
  return /[",\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
};

export const csvLine = (cells: readonly unknown[]): string =>
  `${cells.map((one) => cell(String(one ?? ''))).join(',')}\r\n`;
