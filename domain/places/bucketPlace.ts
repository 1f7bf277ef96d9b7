import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  type CompletedPart,
} from '@aws-sdk/client-s3';
import { checkKey, FileLocked, NotInPlace, type Place, type PutOptions } from './place.ts';

/** S3 takes parts of at least 5 MiB and at most 10,000 of them: files of up to 80 GB, with one part in memory. */
const partBytes = 8 * 1024 * 1024;
const answerMs = 15_000;
/** The header that tells until when a file is locked knows whole seconds only; the lock itself may last a part of one longer. */
const secondMs = 1_000;

/**
 * Objects in a bucket. flydrive's driver for S3 wants to know how long a file is before it is written; exports are written while they
 * are read, so here a file goes up in parts. Where and with whose rights is told as to every program of S3 (see `bucketAnchors`).
 *
 * @param address s3://bucket/prefix
 */
export function bucketPlace(address: string): Place {
  const { hostname: Bucket, pathname } = new URL(address);
  const prefix = pathname.replace(/^\/+|\/+$/g, '');
  const isElsewhere = Boolean(process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL']);
  const s3 = new S3Client({
    maxAttempts: 3,
    requestHandler: { requestTimeout: answerMs, connectionTimeout: 4_000 },
    forcePathStyle: isElsewhere,
    ...(process.env['AWS_REGION'] ? {} : { region: 'us-east-1' }),
  });
  const below = prefix === '' ? '' : `${prefix}/`;
  const nameOf = (key: string): string => `${below}${checkKey(key)}`;

  async function putParts(
    Key: string,
    pieces: AsyncIterable<Buffer>,
    signal?: AbortSignal,
    { lockedUntil }: PutOptions = {},
  ): Promise<number> {
    const lock = lockedUntil && { ObjectLockMode: 'COMPLIANCE' as const, ObjectLockRetainUntilDate: lockedUntil };
    const options = signal ? { abortSignal: signal } : {};
    let upload: string | undefined;
    let total = 0;
    const parts: CompletedPart[] = [];
    try {
      for await (const { Body, isLast } of inParts(pieces)) {
        total += Body.length;
        if (isLast && parts.length === 0) {
          await s3.send(new PutObjectCommand({ Bucket, Key, Body, ...lock }), options);
          return total;
        }
        upload ??= (await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...lock }), options)).UploadId;
        const PartNumber = parts.length + 1;
        const { ETag } = await s3.send(
          new UploadPartCommand({ Bucket, Key, UploadId: upload, PartNumber, Body }),
          options,
        );
        parts.push({ ETag, PartNumber });
      }
      await s3.send(
        new CompleteMultipartUploadCommand({ Bucket, Key, UploadId: upload, MultipartUpload: { Parts: parts } }),
        options,
      );
      return total;
    } catch (error) {
      // Parts of a file that never came to be are paid for all the same.
      if (upload)
        await s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId: upload })).catch(() => undefined);
      throw error;
    }
  }

  /** @param VersionId another than the newest */
  async function lockedUntil(Key: string, VersionId?: string): Promise<Date | null> {
    const found = await s3.send(new HeadObjectCommand({ Bucket, Key, VersionId })).catch((error: Error) => {
      if (error.name === 'NotFound' || error.name === 'NoSuchKey') return null;
      throw error;
    });
    const { ObjectLockRetainUntilDate: until, ObjectLockLegalHoldStatus: hold } = found ?? {};
    if (hold === 'ON') return new Date(8_640_000_000_000_000);
    return until && until.getTime() + secondMs > Date.now() ? until : null;
  }

  async function deleteVersions(Key: string): Promise<void> {
    for (let KeyMarker: string | undefined, VersionIdMarker: string | undefined; ;) {
      const page = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: Key, KeyMarker, VersionIdMarker }));
      for (const { Key: key, VersionId } of [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])])
        if (key === Key)
          await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId })).catch(async (cause: Error) => {
            if (!isOfLock(cause)) throw cause;
            // A right that lacks is refused by the same name; then nothing is locked, or it cannot be asked.
            throw new FileLocked(await lockedUntil(Key, VersionId).catch(() => null), { cause });
          });
      if (!page.IsTruncated) return;
      ({ NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = page);
    }
  }

  return {
    name: address,
    put: async (key, pieces, signal, options) => ({ bytes: await putParts(nameOf(key), pieces, signal, options) }),
    async *get(key) {
      const found = await s3.send(new GetObjectCommand({ Bucket, Key: nameOf(key) })).catch((error: Error) => {
        if (error.name === 'NoSuchKey') throw new NotInPlace(`${key} is not there`, { cause: error });
        throw error;
      });
      for await (const piece of found.Body as AsyncIterable<Uint8Array>) yield Buffer.from(piece);
    },
    async delete(key) {
      const Key = nameOf(key);
      const until = await lockedUntil(Key);
      if (until) throw new FileLocked(until);
      const { VersionId, DeleteMarker } = await s3.send(new DeleteObjectCommand({ Bucket, Key }));
      // Where versions are kept, what was deleted is still there, behind a marker that hides it.
      if (VersionId !== undefined || DeleteMarker) await deleteVersions(Key);
    },
    lockedUntil: (key) => lockedUntil(nameOf(key)),
    async *list(folder) {
      const Prefix = `${nameOf(folder)}/`;
      for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket, Prefix }))
        for (const { Key = '', Size = 0 } of page.Contents ?? []) yield { key: Key.slice(below.length), bytes: Size };
    },
  };
}

/** S3 calls it AccessDenied, some gateways by its own name. */
const isOfLock = ({ name }: Error): boolean => /AccessDenied|ObjectLock/i.test(name);

async function* inParts(pieces: AsyncIterable<Buffer>): AsyncIterable<{ Body: Buffer; isLast: boolean }> {
  let held: Buffer[] = [];
  let size = 0;
  for await (const piece of pieces) {
    for (let rest = piece; rest.length > 0;) {
      if (size === partBytes) {
        yield { Body: Buffer.concat(held), isLast: false };
        [held, size] = [[], 0];
      }
      const taken = rest.subarray(0, partBytes - size);
      held.push(taken);
      size += taken.length;
      rest = rest.subarray(taken.length);
    }
  }
  yield { Body: Buffer.concat(held), isLast: true };
}
