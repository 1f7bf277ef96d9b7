import { z } from 'zod';
import { backupCauses, backupStates, Protection } from './backups.ts';
import { DrillStanding } from './drillReports.ts';
import { DrillCheckResult, drillCauses, drillStates } from './drills.ts';
import { BackupRules } from './policies.ts';

const count = z.number().int();
const time = z.iso.datetime();
const dayMs = 86_400_000;

/** An auditor's year, and a day for leap years. */
export const evidenceDays = 366;

/** Of which time and of whom evidence is wanted. Days are UTC, both of them counted. */
export const NewEvidence = z
  .strictObject({
    from: z.iso.date(),
    to: z.iso.date(),
    tenantId: z.uuid().optional().describe('All tenants when it is left out'),
  })
  .superRefine(({ from, to }, check) => {
    const days = (Date.parse(to) - Date.parse(from)) / dayMs + 1;
    if (days < 1) check.addIssue({ code: 'custom', path: ['to'], message: 'must not be before the first day' });
    if (days > evidenceDays)
      check.addIssue({ code: 'custom', path: ['to'], message: `must be at most ${evidenceDays} days after the first` });
  });
export type NewEvidence = z.infer<typeof NewEvidence>;

export const EvidenceBackup = z.object({
  id: z.uuid(),
  at: time.nullable(),
  cause: z.enum(backupCauses),
  state: z.enum(backupStates),
  bytes: count.nullable(),
  digest: z.string().nullable().describe('SHA-256 of its signed manifest'),
  verified: z.object({ at: time, as: z.enum(['good', 'bad']), code: z.string().nullable() }).nullable(),
  removedAt: time.nullable(),
  removedBecause: z.string().nullable(),
});

export const EvidenceDrill = z.object({
  id: z.uuid(),
  backup: z.uuid(),
  cause: z.enum(drillCauses),
  state: z.enum(drillStates),
  startedAt: time,
  finishedAt: time.nullable(),
  rpoSeconds: count,
  rpoTargetSeconds: count,
  rtoMs: count.nullable(),
  rtoTargetMs: count,
  tables: count.nullable(),
  digests: count.nullable().describe('Tables that came back byte for byte'),
  rows: count.nullable(),
  foreignKeys: count.nullable(),
  checks: z.array(DrillCheckResult),
  code: z.string().nullable().describe('Why it did not hold'),
});

export const EvidenceTenant = z.object({
  tenant: z.uuid(),
  plan: z.string(),
  state: z.string(),
  protection: Protection.describe('When this was signed'),
  whyNot: z.string().nullable().describe('Why it is not protected, as a code; null where it is'),
  proof: DrillStanding.describe('When this was signed'),
  lastAt: time.nullable().describe('Of this moment is what could be restored when this was signed'),
  provenAt: time.nullable(),
  rpoSeconds: count.nullable().describe('How old its newest backup was at the worst moment of the time'),
  gaps: z
    .array(z.object({ from: time, to: time.nullable(), seconds: count }))
    .describe('When its newest backup was older than its plan promises now; `to` is null where it still is'),
  backups: z.array(EvidenceBackup),
  drills: z.array(EvidenceDrill),
  restores: z.array(
    z.object({ run: z.uuid(), backup: z.uuid(), mode: z.enum(['in_place', 'beside']), at: time, state: z.string() }),
  ),
});
export type EvidenceTenant = z.infer<typeof EvidenceTenant>;

export const EvidenceTotals = z.object({
  tenants: count,
  notProtected: count,
  backups: count,
  bad: count.describe('Backups that were read again and are not what was written'),
  drills: count,
  proven: count,
  rpoMissed: count.describe('Drills that measured more than was promised'),
  rtoMissed: count,
  restores: count,
  gaps: count,
  alarms: count,
});
export type EvidenceTotals = z.infer<typeof EvidenceTotals>;

/**
 * What an installation states and signs of backups and their proofs: ids, codes, times and counts, nobody's names. `docs/evidence.md` promises this shape to
 * other programs, so a change of it is a new `v`.
 */
export const EvidenceBundle = z.object({
  v: z.literal(1),
  kind: z.literal('evidence-bundle'),
  installation: z.uuid(),
  id: z.uuid(),
  at: time,
  from: z.iso.date(),
  to: z.iso.date(),
  tenant: z.uuid().nullable().describe('Null: all tenants'),
  policies: z.array(z.object({ plan: z.string(), version: count.nullable(), rules: BackupRules, paused: z.boolean() })),
  tenants: z.array(EvidenceTenant),
  alarms: z.array(z.object({ at: time, tenant: z.uuid().nullable(), type: z.string(), code: z.string().nullable() })),
  totals: EvidenceTotals,
  kid: z.string().describe("The signing key's JWK thumbprint (RFC 7638)"),
  signature: z.string().describe('Ed25519 over the canonical text (RFC 8785) of all the rest but `kid`, base64url'),
});
export type EvidenceBundle = z.infer<typeof EvidenceBundle>;

/** The bundle with what it is verified by. */
export const EvidenceFile = z.object({
  bundle: EvidenceBundle,
  keys: z.array(z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string(), kid: z.string() })),
  digest: z.string().describe('SHA-256 over the canonical text of the signed bundle, as the event tells it'),
});
export type EvidenceFile = z.infer<typeof EvidenceFile>;

export const Evidence = z.object({
  id: z.uuid(),
  tenantId: z.uuid().nullable(),
  tenantName: z.string().nullable(),
  from: z.iso.date(),
  to: z.iso.date(),
  at: time,
  digest: z.string(),
  totals: EvidenceTotals,
});
export type Evidence = z.infer<typeof Evidence>;

export const EvidenceQuery = z.strictObject({
  tenantId: z.uuid().optional(),
  cursor: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type EvidenceQuery = z.infer<typeof EvidenceQuery>;

export const EvidencePage = z.object({ items: z.array(Evidence), nextCursor: z.string().nullable() });
export type EvidencePage = z.infer<typeof EvidencePage>;
