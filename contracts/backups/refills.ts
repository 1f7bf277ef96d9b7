import { z } from 'zod';

/** `there`: nothing of it was lost. */
export const refillStates = ['pending', 'running', 'done', 'failed', 'there', 'passed'] as const;
export type RefillState = (typeof refillStates)[number];

const count = z.number().int();

export const RefilledTenant = z.object({
  tenantId: z.uuid(),
  name: z.string(),
  slug: z.string().nullable(),
  state: z.enum(refillStates),
  lost: z.array(z.string()).describe('Which of its systems were gone'),
  backupId: z.uuid().nullable(),
  backupAt: z.iso.datetime().nullable().describe('What came back is of this moment'),
  runId: z.uuid().nullable(),
  reason: z.string().nullable().describe('Why it could not be, as a stable code'),
});
export type RefilledTenant = z.infer<typeof RefilledTenant>;

export const Refill = z.object({
  runId: z.uuid(),
  state: z.string().describe("Its run's"),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
  counts: z.object(
    Object.fromEntries(refillStates.map((state) => [state, count])) as Record<RefillState, typeof count>,
  ),
  tenants: z.array(RefilledTenant).describe('Those that could not be first, then those ahead; at most five hundred'),
});
export type Refill = z.infer<typeof Refill>;

export const RefillAnswer = z.object({
  restoredAt: z.iso
    .datetime()
    .nullable()
    .describe('Of which moment the registry is, when it was restored; null: never'),
  latest: Refill.nullable(),
});
export type RefillAnswer = z.infer<typeof RefillAnswer>;
