import { z } from 'zod';

/**
 * `planned` waits for its time; `effective` has begun, or its run is under way; `ended` was resumed; `withdrawn` was taken back before
 * its time; `missed` had its whole time pass while nobody could act; `failed` was rolled back.
 */
export const suspensionStates = ['planned', 'effective', 'ended', 'withdrawn', 'missed', 'failed'] as const;
export const SuspensionState = z.enum(suspensionStates);
export type SuspensionState = z.infer<typeof SuspensionState>;

const sentences = z
  .string()
  .max(500)
  .transform((text) => text.normalize('NFC').trim())
  .refine(
    (text) => !/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(text.replaceAll('\n', ' ')),
    'must not have control characters',
  );

const Why = sentences
  .refine((text) => text.length >= 3, 'must have at least 3 characters')
  .describe('Why: for people of the platform; the tenant never reads it');
const Notice = sentences.describe("What the tenant's people read where they are refused, and in the mail");
const moment = z.iso.datetime({ offset: true }).describe('A moment in the future, with its offset');

export const NewSuspension = z.strictObject({
  confirm: z.string().max(120).describe("The tenant's slug, typed out"),
  reason: Why,
  notice: Notice.optional(),
  at: moment.optional().describe('When it is to begin; at once without it'),
  until: moment.optional().describe('When the tenant is resumed by itself'),
});
export type NewSuspension = z.infer<typeof NewSuspension>;

export const SuspensionChange = z
  .strictObject({
    reason: Why.optional(),
    notice: Notice.nullable().optional(),
    at: moment.optional().describe('Only while it has not begun'),
    until: moment.nullable().optional().describe('Null: until somebody resumes'),
  })
  .refine((change) => Object.keys(change).length > 0, 'must change something');
export type SuspensionChange = z.infer<typeof SuspensionChange>;

export const Suspension = z.object({
  id: z.uuid(),
  state: SuspensionState,
  startsAt: z.iso.datetime(),
  endsAt: z.iso.datetime().nullable().describe('When the tenant is resumed by itself'),
  reason: z.string().nullable().describe("Null when the tenant's key is gone"),
  notice: z.string().nullable(),
  askedAt: z.iso.datetime(),
  askedBy: z.string().nullable().describe('Null when nobody of the platform asked'),
  beganAt: z.iso.datetime().nullable(),
  endedAt: z.iso.datetime().nullable(),
  why: z.string().nullable().describe('Why it waits longer than planned, or did not happen'),
  runId: z.uuid().nullable().describe('The run that suspends'),
  resumeRunId: z.uuid().nullable().describe('The run that resumes'),
});
export type Suspension = z.infer<typeof Suspension>;

/** The one that is planned or effective, and those that are over, the newest first. */
export const TenantSuspensions = z.object({ current: Suspension.nullable(), past: z.array(Suspension) });
export type TenantSuspensions = z.infer<typeof TenantSuspensions>;

export const SuspensionStarted = z.object({
  suspension: Suspension,
  runId: z.uuid().nullable().describe('Null while it is planned only'),
});
export type SuspensionStarted = z.infer<typeof SuspensionStarted>;
