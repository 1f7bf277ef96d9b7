import { z } from 'zod';
import { InputValues } from './runbooks.ts';

/** When a runbook is practised by itself. Monthly unless somebody chooses. */
export const PracticePlan = z.object({
  runbook: z.string(),
  enabled: z.boolean(),
  everyDays: z.number().int(),
  inputs: InputValues,
  nextAt: z.iso.datetime().nullable(),
  lastRunId: z.uuid().nullable(),
  lastPractisedAt: z.iso.datetime().nullable().describe('The last practice that came to its end'),
  staleAt: z.iso.datetime().nullable().describe('When a person is asked for, if nothing was practised until then'),
  isStale: z.boolean(),
  blocked: z.string().nullable().describe('Why it cannot be practised by itself: an input without a value'),
});
export type PracticePlan = z.infer<typeof PracticePlan>;
export const PracticePlans = z.object({ items: z.array(PracticePlan) });

export const PracticeChange = z
  .strictObject({
    enabled: z.boolean().optional(),
    everyDays: z.number().int().min(1, 'must be at least 1').max(366, 'must be at most 366').optional(),
    inputs: InputValues.optional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'must change something');
export type PracticeChange = z.infer<typeof PracticeChange>;
