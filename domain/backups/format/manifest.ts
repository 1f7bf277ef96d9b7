import { createHmac } from 'node:crypto';
import { z } from 'zod';
import type { SignedStatement } from '../../audit/statements.ts';
import type { TenantKey } from '../../secrets/tenantKeys.ts';

const id = z.uuid();
const time = z.iso.datetime();
const count = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** A provider's kind. */
const source = z.string().regex(/^[a-z][a-z0-9-]{0,38}$/);

/** A file of the backup: its digest is of what it holds in clear, `stored` how many bytes lie in the place. */
const HeldFile = z.strictObject({ sha256, bytes: count, stored: count });

const ListedPart = HeldFile.extend({
  number: z.int().min(1),
  source,
  /** Rows of one table, or objects packed behind one another (`packedObjects.ts`). */
  what: z.enum(['rows', 'objects']),
  /** What it holds is of this moment. */
  at: time,
  rows: count.nullable(),
  objects: count.nullable(),
  /** Objects that were written over while they were copied: they do not come back. */
  changed: count,
});

const HeldSource = z.strictObject({
  source,
  resource: id,
  at: time,
  parts: count,
  rows: count,
  objects: count,
  changed: count,
  bytes: count,
});

/**
 * What is signed of a backup: ids, times, counts and digests. What tables and objects are called stands in the index, which is sealed with the
 * tenant's key. Where a file lies follows from its number, so a manifest can lead nowhere else.
 */
export const BackupStatement = z.strictObject({
  v: z.literal(1),
  kind: z.literal('backup'),
  installation: id,
  tenant: id,
  backup: id,
  /** The copy is of this moment: the earliest of any part. */
  at: time,
  /** By how much the parts' moments differ. */
  skewMs: count,
  /** For how long the tenant's writes were held, so that all parts are of one point; null when they were not. */
  fenceMs: count.nullable(),
  finishedAt: time,
  /** The tenant's key by its id, and what only that key gives. */
  key: id,
  keyCheck: sha256,
  /** The newest tenant migration; null when the tenant has no database. */
  schemaVersion: count.nullable(),
  sources: z.array(HeldSource).max(100),
  parts: z.array(ListedPart).max(200_000),
  index: HeldFile,
});
export type BackupStatement = z.output<typeof BackupStatement>;
export type HeldFile = z.output<typeof HeldFile>;
export type ListedPart = z.output<typeof ListedPart>;
export type HeldSource = z.output<typeof HeldSource>;

export type BackupManifest = SignedStatement<BackupStatement>;
export const BackupManifest = BackupStatement.extend({ kid: z.string().max(100), signature: z.string().max(200) });

/** The index's line about a part. */
export const PartLabel = z.strictObject({
  number: z.int().min(1),
  /** What it is called where it comes from: any text. Of packed objects the first of them. */
  name: z.string(),
  /** Of packed objects the last of them. */
  last: z.string().optional(),
  /** What its provider needs to bring it back. */
  about: z.record(z.string(), z.unknown()).optional(),
});
export type PartLabel = z.output<typeof PartLabel>;

/** A part of a backup as whoever restores it sees it. */
export type HeldPart = ListedPart & PartLabel;

/** Larger manifests and indexes are none of ours. */
export const largestManifest = 128 * 1024 * 1024;
export const largestIndex = 512 * 1024 * 1024;

export interface BackupName {
  tenantId: string;
  backupId: string;
}

/** Of all backups of a tenant, and its card. */
export const folderOfTenant = (tenantId: string): string => `backups/${tenantId}`;
export const folderOf = ({ tenantId, backupId }: BackupName): string => `${folderOfTenant(tenantId)}/${backupId}`;
/** Written last: a folder without it is no backup. */
export const manifestKeyOf = (of: BackupName): string => `${folderOf(of)}/manifest.json`;
export const indexKeyOf = (of: BackupName): string => `${folderOf(of)}/index`;
export const partKeyOf = (of: BackupName, number: number): string =>
  `${folderOf(of)}/parts/${String(number).padStart(8, '0')}`;

/** What a file is, as its seal says it: none can be passed off as another, nor as another tenant's. */
export const sealContextOf = (key: string): string => `backup/${key}`;

/** What only this key gives for this backup: a wrong one is told from a broken file before anything is read. */
export const keyCheckOf = ({ key }: TenantKey, { tenantId, backupId }: BackupName): string =>
  createHmac('sha256', key).update(`tenantry/backup/${tenantId}/${backupId}`).digest('hex');
