import { z } from 'zod';
import type { SignedStatement } from '../../audit/statements.ts';

const time = z.iso.datetime();
const count = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const lsn = z.string().regex(/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/);
const segment = z.string().regex(/^[0-9A-F]{24}$/);

const StoredFile = z.strictObject({ sha256, bytes: count, stored: count });

/** What is signed of a base backup of a whole cluster. Where a file lies follows from its number, so a manifest can lead nowhere else. */
export const BaseStatement = z.strictObject({
  v: z.literal(1),
  kind: z.literal('base-backup'),
  installation: z.uuid(),
  base: z.uuid(),
  /** PostgreSQL's own name of the cluster. */
  system: z.string().regex(/^\d{1,20}$/),
  /** As in `server_version_num`. */
  postgres: z.int().min(100_000),
  timeline: z.int().min(1),
  segmentBytes: z.int().min(1024 * 1024),
  startLsn: lsn,
  startSegment: segment,
  stopLsn: lsn,
  stopSegment: segment,
  startedAt: time,
  /** From this moment on it can be brought to any other; by the server's clock. */
  stoppedAt: time,
  /** The text of `backup_label`. */
  label: z.string().max(10_000),
  files: count,
  bytes: count,
  /** The files of the data folder behind one another; which lies where is in the index. */
  parts: z.array(StoredFile).max(200_000),
  index: StoredFile,
});
export type BaseStatement = z.output<typeof BaseStatement>;
export type BaseManifest = SignedStatement<BaseStatement>;
export const BaseManifest = BaseStatement.extend({ kid: z.string().max(100), signature: z.string().max(200) });

/** A line of the index: a file in the order of its part, or a folder (without a part). */
export const IndexedFile = z.strictObject({
  path: z
    .string()
    .min(1)
    .max(1_000)
    .regex(/^[^/\0]+(?:\/[^/\0]+)*$/)
    .refine((path) => !path.split('/').some((name) => name === '.' || name === '..')),
  part: z.int().min(1).nullable(),
  bytes: count,
  sha256: sha256.nullable(),
});
export type IndexedFile = z.output<typeof IndexedFile>;

/** What may be read without a key: of which cluster, and by which master key it is sealed. Nothing is believed of it. */
export const BaseLabel = z.object({
  v: z.literal(1),
  installation: z.uuid(),
  base: z.uuid(),
  system: z.string(),
  masterKeyId: z.string(),
});
export type BaseLabel = z.infer<typeof BaseLabel>;
