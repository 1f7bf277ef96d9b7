import { GetObjectCommand, paginateListObjectsV2, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { textOfLine, type KeptLine, type LineKind, type LinePlace } from './anchorPlace.ts';

const numberLength = 12;
const readAtOnce = 16;
/** With its second attempt shorter than the registry lets a transaction idle. */
const answerMs = 4_000;

/**
 * One object for each line, `<prefix>/<day>/<number>.json`, written only where there is none; with versions or a lock on the bucket
 * nobody takes one back. Where and with whose rights is told as to every program of S3: AWS_REGION, AWS_ACCESS_KEY_ID,
 * AWS_SECRET_ACCESS_KEY, and AWS_ENDPOINT_URL_S3 for one that is not Amazon's.
 *
 * @param address s3://bucket/prefix
 */
export function bucketAnchors<Line extends { number: number; at: string }>(
  address: string,
  { read }: LineKind<Line>,
): LinePlace<Line> {
  const { hostname: Bucket, pathname } = new URL(address);
  const prefix = pathname.replace(/^\/+|\/+$/g, '');
  const isElsewhere = Boolean(process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL']);
  const s3 = new S3Client({
    maxAttempts: 2,
    requestHandler: { requestTimeout: answerMs, connectionTimeout: answerMs },
    forcePathStyle: isElsewhere,
    ...(process.env['AWS_REGION'] ? {} : { region: 'us-east-1' }),
  });
  const below = prefix === '' ? '' : `${prefix}/`;

  /** The folders of days, or the objects of one; their names sort as they came. */
  async function listed(Prefix: string, what: 'days' | 'lines'): Promise<string[]> {
    const found: string[] = [];
    for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket, Prefix, Delimiter: '/' }))
      found.push(
        ...(what === 'days'
          ? (page.CommonPrefixes ?? []).flatMap((one) => one.Prefix ?? [])
          : (page.Contents ?? []).flatMap(({ Key }) => (Key?.endsWith('.json') ? Key : []))),
      );
    return found.toSorted();
  }

  async function get(Key: string): Promise<KeptLine<Line>> {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    return read((await Body?.transformToString()) ?? '');
  }

  return {
    name: address,
    async newest() {
      for (const day of (await listed(below, 'days')).toReversed()) {
        const last = (await listed(day, 'lines')).at(-1);
        if (last) return get(last);
      }
      return null;
    },
    async append(line) {
      const Key = `${below}${line.at.slice(0, 10)}/${String(line.number).padStart(numberLength, '0')}.json`;
      const put = { Bucket, Key, Body: textOfLine(line), ContentType: 'application/json', IfNoneMatch: '*' };
      await s3.send(new PutObjectCommand(put));
    },
    async *lines() {
      for (const day of await listed(below, 'days')) {
        const keys = await listed(day, 'lines');
        for (let at = 0; at < keys.length; at += readAtOnce)
          yield* await Promise.all(keys.slice(at, at + readAtOnce).map(get));
      }
    },
  };
}
