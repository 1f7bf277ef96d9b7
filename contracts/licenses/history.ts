import { z } from 'zod';

export const LicenseHistoryQuery = z.strictObject({
  cursor: z
    .string()
    .regex(/^[1-9]\d{0,18}$/, 'is not valid')
    .optional(),
  limit: z.coerce.number().int().min(1).max(100).default(25),
});

/** What happened to a licence: who did it, by which serial, why. */
export const LicenseEvent = z.object({
  id: z.string(),
  at: z.iso.datetime(),
  type: z.string().describe('license.issued, license.suspended, …'),
  by: z.object({
    kind: z.enum(['system', 'user', 'key', 'worker', 'member']),
    email: z.string().nullable().describe('Of a person of the platform'),
  }),
  data: z.record(z.string(), z.unknown()),
});
export type LicenseEvent = z.infer<typeof LicenseEvent>;

export const LicenseHistory = z.object({
  items: z.array(LicenseEvent).describe('Newest first'),
  nextCursor: z.string().nullable(),
});
export type LicenseHistory = z.infer<typeof LicenseHistory>;
