import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Measures, ExportedPart } from '../provider.ts';
import { markerName } from './bucketFolders.ts';

/** Its objects, in the order of their names. What is no plain file (a link that leads elsewhere) is no object of the tenant's. */
async function* objectsIn(root: string, bucket: string, below = ''): AsyncIterable<string> {
  const entries = await readdir(join(root, bucket, below), { withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
      throw error;
    },
  );
  for (const entry of entries.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
    const key = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) yield* objectsIn(root, bucket, key);
    else if (entry.isFile() && !key.startsWith(markerName)) yield key;
  }
}

export async function* exportBucket(root: string, bucket: string, signal: AbortSignal): AsyncIterable<ExportedPart> {
  for await (const key of objectsIn(root, bucket))
    yield { what: 'object', name: key, pieces: createReadStream(join(root, bucket, key), { signal }) };
}

export async function measureBucket(root: string, bucket: string): Promise<Measures> {
  let [objects, bytes] = [0, 0];
  for await (const key of objectsIn(root, bucket)) {
    objects += 1;
    bytes += (await stat(join(root, bucket, key))).size;
  }
  return { objects, bytes };
}
