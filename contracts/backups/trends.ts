import { z } from 'zod';

const count = z.number().int();

export const TrendQuery = z.strictObject({
  days: z.coerce.number().int().min(7).max(366).default(90).describe('How many days back, today counted'),
});
export type TrendQuery = z.infer<typeof TrendQuery>;

/** One day (UTC) of what was achieved. */
export const RecoveryDay = z.object({
  day: z.iso.date(),
  rpoSeconds: count
    .nullable()
    .describe('How old the newest backup was at the worst moment of the day; null: there was none yet'),
  medianRpoSeconds: count.nullable().describe('The same of the tenant in the middle'),
  measured: count.describe('Tenants that had a backup'),
  over: count.describe('Of them, those whose newest was older than the plan promises, at some moment'),
  drills: count.describe('That ended on that day'),
  failed: count.describe('Of them, those that did not hold'),
  rtoMs: count.nullable().describe('The slowest restore that a drill measured'),
  drillId: z.uuid().nullable().describe('The drill that measured it'),
});
export type RecoveryDay = z.infer<typeof RecoveryDay>;

/** RPO and RTO over time, beside what is promised now. */
export const RecoveryTrend = z.object({
  plan: z.string(),
  from: z.iso.date(),
  to: z.iso.date(),
  rpoTargetSeconds: count,
  rtoTargetMs: count,
  rpo: z.object({ worstSeconds: count.nullable(), daysMeasured: count, daysMissed: count }),
  rto: z.object({ worstMs: count.nullable(), medianMs: count.nullable(), measured: count, missed: count }),
  days: z.array(RecoveryDay).describe('Every day of the span, the oldest first'),
});
export type RecoveryTrend = z.infer<typeof RecoveryTrend>;
