import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

const left = new Set(['node_modules', 'build', '.svelte-kit', 'coverage']);

/** Changes with the path or the content of any source at or below the given places, tests left out; times do not matter. */
export async function sourceHash(
  root: string,
  places: readonly string[],
  extra: readonly string[] = [],
): Promise<string> {
  const hash = createHash('sha256');
  for (const text of extra) hash.update(`${text}\0`);
  for (const place of places) {
    for (const file of await filesBelow(join(root, place))) {
      const content = await readFile(file);
      hash.update(`${relative(root, file).split(sep).join('/')}\0${content.length}\0`).update(content);
    }
  }
  return hash.digest('hex').slice(0, 16);
}

async function filesBelow(dir: string): Promise<string[]> {
  if ((await stat(dir)).isFile()) return [dir];
  const entries = await readdir(dir, { withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const path = join(dir, entry.name);
    if (entry.isDirectory() && !left.has(entry.name)) found.push(...(await filesBelow(path)));
    else if (entry.isFile() && !/\.test\.[a-z]+$/.test(entry.name)) found.push(path);
  }
  return found;
}

/** The version of a package that shapes what is built, as installed. */
export const versionOf = async (root: string, name: string): Promise<string> => {
  const text = await readFile(join(root, 'node_modules', name, 'package.json'), 'utf8');
  return `${name}@${(JSON.parse(text) as { version: string }).version}`;
};
