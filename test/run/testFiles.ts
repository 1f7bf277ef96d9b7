import { readdir, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { SetupError } from '#local/progress.ts';

const left = new Set(['node_modules', 'build', 'coverage', 'dist']);

/** Every `*.test.ts` of the checkout, or those of the chosen files and folders. */
export async function testFiles(root: string, chosen: readonly string[]): Promise<string[]> {
  const places = chosen.length > 0 ? chosen.map((place) => resolve(root, place)) : [root];
  const found = (await Promise.all(places.map(filesOf))).flat();
  if (found.length === 0) throw new SetupError(`There is no *.test.ts in ${chosen.join(', ') || root}.`);
  return [...new Set(found)].map((file) => relative(root, file)).sort();
}

async function filesOf(place: string): Promise<string[]> {
  if ((await stat(place)).isFile()) return [place];
  const entries = await readdir(place, { withFileTypes: true });
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = join(place, entry.name);
      if (entry.isDirectory()) return left.has(entry.name) || entry.name.startsWith('.') ? [] : filesOf(path);
      return entry.name.endsWith('.test.ts') ? [path] : [];
    }),
  );
  return found.flat();
}
