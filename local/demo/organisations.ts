import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Organisation {
  externalId: string;
  name: string;
  country: string;
}

/** Fifty real ones: accents, apostrophes, commas, one name of 114 characters, and four names that two of them share. */
export async function readOrganisations(): Promise<Organisation[]> {
  const text = await readFile(join(import.meta.dirname, 'organisations.csv'), 'utf8');
  return text
    .trim()
    .split('\n')
    .slice(1)
    .map((line, index) => {
      const [country = '', name = ''] = fieldsOf(line);
      return { externalId: `demo-${index + 1}`, name, country };
    });
}

/** RFC 4180, one record to a line: a field with a comma is quoted, a quote within is doubled. */
const fieldsOf = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  );
