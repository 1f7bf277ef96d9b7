import { importFields, ImportField, type ImportMapping, type ImportProblem } from '#contracts/imports/imports.ts';

/** As people head their columns: without case, spaces, dashes and underscores. */
const folded = (name: string): string => name.toLowerCase().replace(/[\s_-]+/g, '');

const known = new Map<string, ImportField>([
  ...importFields.map((field) => [folded(field), field] as const),
  ['email', 'adminEmail'],
  ['adminmail', 'adminEmail'],
  ['admin.email', 'adminEmail'],
  ['admin.name', 'adminName'],
]);

/** What a column tells: as the mapping says, else by its name. Null when it is left out, undefined when nobody knows. */
export function fieldOf(column: string, mapping: ImportMapping): ImportField | null | undefined {
  if (Object.hasOwn(mapping, column)) return mapping[column];
  const label = /^labels?[.: ]\s*(.+)$/i.exec(column.trim())?.[1];
  if (label) return ImportField.safeParse(`label:${label.toLowerCase()}`).data;
  return known.get(folded(column));
}

/** What each column of a header tells, and what is wrong with the header. */
export function fieldsOfHeader(
  header: readonly string[],
  mapping: ImportMapping,
): { fields: (ImportField | null)[]; problems: ImportProblem[] } {
  const problems: ImportProblem[] = [];
  const seen = new Map<ImportField, string>();
  const fields = header.map((column) => {
    const field = fieldOf(column, mapping);
    if (field === undefined) {
      problems.push({
        code: 'column_unknown',
        column,
        text: `The column "${column}" is unknown. Say what it tells, or leave it out.`,
      });
      return null;
    }
    const earlier = field === null ? undefined : seen.get(field);
    if (field !== null && earlier !== undefined)
      problems.push({
        code: 'column_duplicate',
        column,
        text: `Both "${earlier}" and "${column}" tell ${field}. Leave one out.`,
      });
    else if (field !== null) seen.set(field, column);
    return field;
  });
  for (const column of Object.keys(mapping))
    if (!header.includes(column))
      problems.push({
        code: 'column_missing',
        column,
        text: `The mapping names the column "${column}", which is not there.`,
      });
  if (!seen.has('name'))
    problems.push({ code: 'column_missing', column: 'name', text: 'No column tells the names of the tenants.' });
  return { fields, problems };
}
