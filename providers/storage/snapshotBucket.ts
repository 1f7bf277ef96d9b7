import { open, type FileHandle } from 'node:fs/promises';
import { packObjects, type ObjectToPack } from '#domain/backups/format/packedObjects.ts';
import { unlessAborted } from '#domain/backups/format/unlessAborted.ts';
import type { SnapshotPart } from '../provider.ts';
import { FrozenBucket, isAsFrozen, type FrozenObject } from './frozenBucket.ts';

/** Small objects travel together; chosen ones are found by the first and last name of their part. */
const partBytes = 64 * 1024 * 1024;
const partObjects = 10_000;
const pieceBytes = 256 * 1024;

/** The objects of a bucket as they were when the first part is given. */
export async function* snapshotBucket(root: string, bucket: string, signal: AbortSignal): AsyncIterable<SnapshotPart> {
  const frozen = await FrozenBucket.freeze(root, bucket, signal);
  const reading: Promise<void>[] = [];
  try {
    for await (const objects of inParts(frozen.objects())) {
      const { part, isRead } = partOf(objects, signal);
      reading.push(isRead);
      yield part;
    }
    await unlessAborted(Promise.all(reading), signal);
  } finally {
    await frozen.thaw();
  }
}

async function* inParts(objects: AsyncIterable<FrozenObject>): AsyncIterable<FrozenObject[]> {
  let held: FrozenObject[] = [];
  let bytes = 0;
  for await (const object of objects) {
    if (held.length > 0 && (bytes + object.bytes > partBytes || held.length === partObjects)) {
      yield held;
      [held, bytes] = [[], 0];
    }
    held.push(object);
    bytes += object.bytes;
  }
  // Also of an empty bucket: its backup says that it was empty.
  yield held;
}

function partOf(objects: FrozenObject[], signal: AbortSignal): { part: SnapshotPart; isRead: Promise<void> } {
  const read = Promise.withResolvers<void>();
  let count = 0;
  async function* toPack(): AsyncIterable<ObjectToPack> {
    for (const object of objects) {
      signal.throwIfAborted();
      const file = await open(object.path, 'r').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null; // without a second name it could be deleted since
        throw error;
      });
      if (!file) continue;
      try {
        let isWhole = false;
        yield {
          name: object.name,
          modifiedAt: new Date(object.modifiedMs).toISOString(),
          at: new Date(object.atMs).toISOString(),
          pieces: contentOf(file),
          isWhole() {
            isWhole = isAsFrozen(object, file.fd);
            return isWhole;
          },
        };
        if (isWhole) count += 1;
      } finally {
        await file.close();
      }
    }
  }
  async function* pieces(): AsyncIterable<Buffer> {
    try {
      yield* packObjects(toPack());
    } finally {
      read.resolve();
    }
  }
  const at = new Date(objects.reduce((latest, { atMs }) => Math.max(latest, atMs), objects[0]?.atMs ?? Date.now()));
  const [name, last] = [objects[0]?.name ?? '', objects.at(-1)?.name ?? ''];
  return {
    isRead: read.promise,
    part: {
      what: 'objects',
      name,
      at,
      pieces: pieces(),
      held: () => ({ objects: count, last, changed: objects.length - count }),
    },
  };
}

async function* contentOf(file: FileHandle): AsyncIterable<Buffer> {
  for (let at = 0; ;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(pieceBytes), 0, pieceBytes, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
