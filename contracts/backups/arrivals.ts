import { z } from 'zod';
import { Labels, Slug, TenantName } from '../tenants.ts';
import { RestoreChoice } from './restores.ts';

/** For how long a request waits for its hand-over. */
export const arrivalDays = 14;

/** 32 bytes. */
const key = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'must be 32 bytes in base64url');
const id = z.uuid().toLowerCase();
const time = z.iso.datetime();
const count = z.number().int();

/** What the installation that wants a tenant sends to the one that has it: a key of this one request. Nothing of it is secret. */
export const ArrivalRequest = z.strictObject({
  v: z.literal(1),
  kind: z.literal('arrival-request'),
  installation: id,
  arrival: id,
  publicKey: key.describe('X25519 (RFC 7748)'),
  until: time,
});
export type ArrivalRequest = z.infer<typeof ArrivalRequest>;

/**
 * What the installation that has the tenant gives back: which backup it is, whose signatures to believe, and the tenant's key, which only who made the
 * request can open.
 */
export const HandOverFile = z.strictObject({
  v: z.literal(1),
  kind: z.literal('hand-over'),
  installation: id,
  arrival: id,
  tenant: id,
  backup: id,
  at: time,
  key: id.describe("Of the tenant's key, which is not the key itself"),
  ephemeral: key,
  sealed: z.string().max(200),
  signers: z
    .array(z.strictObject({ kid: key, x: key }))
    .min(1)
    .max(100)
    .describe('Every key that ever signed there: Ed25519 (RFC 8032)'),
  kid: key,
  signature: z.string().max(200),
});
export type HandOverFile = z.infer<typeof HandOverFile>;

/** What two people compare by another way than the request took: SHA-256 of the key, its first 16 bytes in groups. */
export async function fingerprintOf(publicKey: string): Promise<string> {
  const digest = new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', new TextEncoder().encode(publicKey)));
  const hex = [...digest.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.match(/.{4}/g)!.join(' ');
}

export const NewHandOver = z.strictObject({
  backupId: z.uuid(),
  request: ArrivalRequest,
  fingerprint: z
    .string()
    .max(60)
    .describe('Of the request, as whoever made it says it by another way than the request came'),
});
export type NewHandOver = z.infer<typeof NewHandOver>;

export const HandOver = z.object({
  id: z.uuid(),
  backupId: z.uuid(),
  installation: z.uuid().describe('Who asked for it'),
  fingerprint: z.string(),
  createdAt: time,
  file: HandOverFile.describe('To be brought to who asked; nobody else can open it'),
});
export type HandOver = z.infer<typeof HandOver>;
export const HandOverList = z.object({
  signer: z.string().describe('What this installation signs with: what people there compare'),
  items: z.array(HandOver).describe('The newest first, at most fifty'),
});
export type HandOverList = z.infer<typeof HandOverList>;

export const arrivalStates = ['asked', 'bringing', 'brought', 'withdrawn', 'expired'] as const;

export const Arrival = z.object({
  id: z.uuid(),
  state: z.enum(arrivalStates),
  request: ArrivalRequest,
  fingerprint: z.string(),
  createdAt: time,
  from: z.uuid().nullable().describe('The installation that it came from'),
  backupId: z.uuid().nullable(),
  tenantId: z.uuid().nullable().describe('The tenant that was made of it'),
  runId: z.uuid().nullable(),
});
export type Arrival = z.infer<typeof Arrival>;
export const ArrivalList = z.object({ items: z.array(Arrival).describe('The newest first, at most fifty') });
export type ArrivalList = z.infer<typeof ArrivalList>;

export const ArrivalQuestion = z.strictObject({ file: HandOverFile });

export const ArrivalPlan = z.object({
  from: z.uuid(),
  signer: z.string().describe('To be compared with what the other installation shows'),
  standing: z
    .enum(['new', 'known', 'changed'])
    .describe('Whether a tenant came from there before, and whether by another key than this'),
  tenantId: z.uuid().describe('As it is called there; here it becomes another'),
  backupId: z.uuid(),
  at: time.describe('What comes is of this moment'),
  name: z.string().nullable().describe('What it is called there'),
  labels: Labels,
  schemaVersion: count.nullable(),
  sources: z.array(z.object({ source: z.string(), rows: count, objects: count, bytes: count })),
  tables: z.array(z.object({ name: z.string(), rows: count })),
});
export type ArrivalPlan = z.infer<typeof ArrivalPlan>;

export const NewArrivedTenant = z.strictObject({
  file: HandOverFile,
  signer: z.string().max(100).describe('Who signs there, as people there say it: only theirs is believed'),
  only: RestoreChoice.optional().describe('Everything when it is missing'),
  name: TenantName,
  slug: Slug.optional(),
  labels: Labels.optional(),
  plan: z.string().min(1).max(63).optional(),
  region: z.string().min(1).max(63).optional(),
});
export type NewArrivedTenant = z.infer<typeof NewArrivedTenant>;
