import { z } from 'zod';

export const AuditOutcome = z.enum(['success', 'refused', 'failed']);
export type AuditOutcome = z.infer<typeof AuditOutcome>;

/** One thing that happened: who, what, on what, from where, with which outcome, by which request. */
export const AuditEntry = z.object({
  id: z.string(),
  at: z.iso.datetime(),
  type: z.string(),
  outcome: AuditOutcome,
  code: z.string().nullable().describe('Why it was refused, or failed'),
  actor: z.object({
    kind: z.enum(['system', 'user', 'key', 'worker', 'member']),
    userId: z.uuid().nullable(),
    email: z.string().nullable(),
    keyId: z.uuid().nullable().describe("The API key's, or the worker token's"),
    keyName: z.string().nullable(),
    supportAccessId: z.uuid().nullable(),
    onBehalfOf: z.string().nullable(),
  }),
  target: z.object({ kind: z.string(), id: z.string() }),
  tenant: z.object({ id: z.uuid(), name: z.string() }).nullable(),
  origin: z
    .object({ address: z.string().nullable(), userAgent: z.string().nullable() })
    .nullable()
    .describe('From where; null when no request brought it about'),
  requestId: z.string().nullable(),
  data: z.record(z.string(), z.unknown()),
  sequence: z.number().int().nullable().describe('Its place in the chain; null until it is sealed'),
  hash: z.string().nullable(),
});
export type AuditEntry = z.infer<typeof AuditEntry>;

export const AuditQuery = z.strictObject({
  tenantId: z.uuid().toLowerCase().optional(),
  chain: z.literal('platform').optional().describe('Only what belongs to no tenant'),
  actor: z.string().trim().min(1).max(254).optional().describe('A user, by id or mail address'),
  keyId: z.uuid().toLowerCase().optional(),
  type: z
    .string()
    .regex(/^[a-z0-9_.-]{1,80}$/)
    .optional()
    .describe('What its type begins with: `tenant.` or `run.opened`'),
  targetKind: z.string().min(1).max(80).optional(),
  targetId: z.string().min(1).max(300).optional(),
  outcome: AuditOutcome.optional(),
  requestId: z.string().min(1).max(100).optional(),
  from: z.iso.datetime().optional(),
  to: z.iso.datetime().optional(),
  search: z.string().trim().min(1).max(200).optional().describe('A text in the type, the target or the data'),
  cursor: z
    .string()
    .regex(/^\d{1,18}$/)
    .optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export const AuditPage = z.object({
  items: z.array(AuditEntry),
  nextCursor: z.string().nullable().describe('There may be more, older ones; a page can be empty and still have one'),
});
export type AuditPage = z.infer<typeof AuditPage>;

export const AuditExportQuery = z.strictObject({
  format: z.enum(['jsonl', 'csv']).default('jsonl'),
  tenantId: z.uuid().toLowerCase().optional(),
  from: z.iso.datetime().optional().describe('Batches sealed from then on'),
  to: z.iso.datetime().optional().describe('Batches sealed before then, and the one under way'),
  origins: z.enum(['sealed', 'clear']).default('sealed').describe('Whether addresses are told in clear as well'),
});

export const AuditFinding = z.object({
  kind: z.string(),
  chain: z.string().nullable(),
  from: z.number().int().nullable(),
  to: z.number().int().nullable(),
  text: z.string(),
});

export const AuditVerification = z.object({
  latest: z
    .object({
      outcome: z.enum(['intact', 'broken', 'failed']),
      startedAt: z.iso.datetime(),
      finishedAt: z.iso.datetime(),
      entries: z.number().int(),
      chains: z.number().int(),
      anchors: z.number().int(),
      findings: z.array(AuditFinding),
      notes: z.array(z.string()),
    })
    .nullable()
    .describe('What was found then; null until the first one is done'),
  underWay: z.boolean(),
  everyHours: z.number().int(),
  unsealed: z.object({ count: z.number().int(), oldestSeconds: z.number() }),
});
export type AuditVerification = z.infer<typeof AuditVerification>;

export const AuditKey = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  kid: z.string().describe('RFC 7638'),
  createdAt: z.iso.datetime(),
  retiredAt: z.iso.datetime().nullable(),
  endorsement: z.record(z.string(), z.unknown()).nullable().describe('This key, signed by the one before it'),
});
/** A JSON Web Key Set (RFC 7517). */
export const AuditKeys = z.object({ keys: z.array(AuditKey) });
