import { z } from 'zod';
import { EntitlementName } from './policies.ts';
import { MeterUsage } from './uses.ts';

const Id = z.uuid().toLowerCase();

/** As many fit into a body. */
export const mostUsageEvents = 1_000;
/** Clocks of programs run ahead by so much at the most. */
export const usageAheadSeconds = 300;

export const UsageEvent = z.strictObject({
  id: z
    .string()
    .min(1)
    .max(100)
    .describe('Of your own, once for each event of a licence: whoever tells it again tells nothing new'),
  licenseId: Id,
  meter: EntitlementName,
  quantity: z.number().int().min(1).max(1_000_000_000),
  at: z.iso.datetime('must be a time in UTC like 2027-02-28T12:00:00Z').describe('When it happened'),
});
export type UsageEvent = z.infer<typeof UsageEvent>;

export const UsageBatch = z.strictObject({ events: z.array(UsageEvent).min(1).max(mostUsageEvents) });

/** Why an event was not counted. What is late, ahead or differs will not be taken later either; the first two may be. */
export const usageRefusals = ['license_unknown', 'meter_unknown', 'too_late', 'in_future', 'event_differs'] as const;
export type UsageRefusal = (typeof usageRefusals)[number];

export const UsageTold = z.object({
  accepted: z.number().int().describe('Counted now'),
  known: z.number().int().describe('Told before, with the same content, and counted then'),
  refused: z
    .array(z.object({ index: z.number().int(), id: z.string(), code: z.enum(usageRefusals), message: z.string() }))
    .describe('The others were counted nevertheless'),
});
export type UsageTold = z.infer<typeof UsageTold>;

export const LicenseMeters = z.object({
  items: z.array(MeterUsage.extend({ name: z.string(), exceeded: z.boolean() })).describe('By name'),
});
export type LicenseMeters = z.infer<typeof LicenseMeters>;
