import { z } from 'zod';

export const dueKinds = ['reminder', 'expiry', 'grace_end', 'override_end', 'renewal'] as const;
export type DueKind = (typeof dueKinds)[number];

/** Something that happens to a licence once, at its time or as soon afterwards as somebody is there to do it. */
export const LicenseDue = z.object({
  kind: z.enum(dueKinds),
  days: z.number().int().nullable().describe('Of a reminder: days after the end, or before it where it is negative'),
  dueAt: z.iso.datetime(),
  endsAt: z.iso.datetime().describe('The end that it is about'),
  state: z
    .enum(['open', 'held', 'done', 'passed'])
    .describe('held: a renewal that waits until nothing is suspended; passed: it does not happen any more'),
  why: z.string().nullable().describe('Why it passed, as a code'),
  settledAt: z.iso.datetime().nullable(),
});
export type LicenseDue = z.infer<typeof LicenseDue>;

export const LicenseDues = z.object({ items: z.array(LicenseDue).describe('The earliest first') });
export type LicenseDues = z.infer<typeof LicenseDues>;
