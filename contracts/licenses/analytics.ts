import { z } from 'zod';
import { EntitlementName } from './policies.ts';
import { licenseStandings } from './licenses.ts';

const Id = z.uuid().toLowerCase();
const Day = z.iso.date('must be a day like 2027-02-28');
const dayMs = 86_400_000;

/** Within how many days ends are counted as coming soon. */
export const soonDays = [7, 14, 30, 60, 90] as const;

/** Licences for trying out are in none of these figures. */
const about = {
  product: z.string().max(63).optional(),
  plan: z.string().max(63).optional(),
  tenantId: Id.optional(),
};

export const LicenseAnalyticsQuery = z.strictObject(about);
export type LicenseAnalyticsQuery = z.infer<typeof LicenseAnalyticsQuery>;

const Rate = z.object({
  ended: z.number().int().describe('Terms that ended, renewed or not'),
  renewed: z.number().int().describe('Of them, those that were prolonged, before their end or after it'),
});

export const LicenseAnalytics = z.object({
  standings: z
    .partialRecord(z.enum(licenseStandings), z.number().int())
    .describe('How many licences are worth what now'),
  expiring: z
    .array(z.object({ withinDays: z.number().int(), count: z.number().int() }))
    .describe('Each counts those of the ones before too'),
  seats: z.object({
    used: z.number().int(),
    limited: z.number().int().describe('Of them, those of licences that have a limit'),
    limit: z.number().int().describe('The sum of these limits'),
  }),
  renewals: z
    .array(Rate.extend({ month: z.string().describe('In which the terms ended: 2027-02') }))
    .describe('The last twelve months, the present one last'),
});
export type LicenseAnalytics = z.infer<typeof LicenseAnalytics>;

export const mostUsageDays = 400;
const mostHourlyDays = 14;

/** By default the last thirty days. */
export const UsageQuery = z
  .strictObject({
    ...about,
    meter: EntitlementName.optional(),
    from: Day.optional().describe('The first day, in UTC'),
    to: Day.optional().describe('The last day'),
    per: z.enum(['hour', 'day']).default('day'),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
    path: ['to'],
    message: 'must not be before from',
  })
  .refine(({ from, to, per }) => daysOf(from, to) <= (per === 'hour' ? mostHourlyDays : mostUsageDays), {
    path: ['from'],
    message: `must be less than ${mostUsageDays} days before, by the hour ${mostHourlyDays}`,
  });
export type UsageQuery = z.infer<typeof UsageQuery>;

function daysOf(from: string | undefined, to: string | undefined): number {
  if (from === undefined) return 0;
  const last = to === undefined ? Date.now() : Date.parse(to);
  return (last - Date.parse(from)) / dayMs;
}

const Amount = z.object({ quantity: z.number().int(), events: z.number().int() });

export const UsageReport = z.object({
  from: Day,
  to: Day,
  meters: z.array(z.string()).describe('That measured anything in this time, the most events first'),
  series: z
    .array(Amount.extend({ meter: z.string(), at: z.iso.datetime().describe('When the hour or the day began') }))
    .describe('Hours and days without usage are left out. What was told in the last minute may not be in it yet.'),
  tenants: z
    .array(Amount.extend({ tenantId: z.uuid(), tenantName: z.string(), meter: z.string() }))
    .describe('The hundred that used most'),
});
export type UsageReport = z.infer<typeof UsageReport>;

const InUse = z.object({
  used: z.number().int(),
  limit: z.number().int().nullable().describe('null: a licence of them has none'),
  peak: z.number().int().describe('The most on a day of the last thirty, as it was looked at every few minutes'),
});

export const SeatReport = z.object({
  items: z
    .array(
      z.object({
        tenantId: z.uuid(),
        tenantName: z.string(),
        licenses: z.number().int(),
        seats: InUse,
        machines: InUse,
      }),
    )
    .describe('The hundred tenants with the most seats in use'),
});
export type SeatReport = z.infer<typeof SeatReport>;

export const licenseReports = ['usage', 'seats', 'expiring', 'renewals'] as const;
export type LicenseReport = (typeof licenseReports)[number];

/** What of these a report does not know it leaves aside. */
export const ReportQuery = z.strictObject({
  ...about,
  meter: EntitlementName.optional(),
  from: Day.optional().describe('usage and renewals: the first day; by default thirty days ago, for renewals a year'),
  to: Day.optional(),
  days: z.coerce.number().int().min(1).max(3_650).default(90).describe('expiring: within how many days'),
});
export type ReportQuery = z.infer<typeof ReportQuery>;
