import { z } from 'zod';

/** What a person tells a run that stands still. */
export const DecisionKind = z.enum(['retry', 'skip', 'roll_back', 'continue']);
export type DecisionKind = z.infer<typeof DecisionKind>;

export const Decision = z.strictObject({
  version: z.number().int().positive().describe('The version of the run that you have seen'),
  decision: DecisionKind,
  input: z
    .unknown()
    .optional()
    .describe('For a retry of an http or custom step: another input, validated by the schema of the step'),
});
export type Decision = z.infer<typeof Decision>;

/** Which parked runs a decision for many means. */
export const ParkedWhere = z.strictObject({
  reasonCode: z.string().min(1).max(80),
  provider: z.string().min(1).max(120).optional(),
});
export type ParkedWhere = z.infer<typeof ParkedWhere>;

export const BulkDecision = z.strictObject({
  decision: z.enum(['retry', 'skip', 'roll_back']),
  where: ParkedWhere,
});
export type BulkDecision = z.infer<typeof BulkDecision>;

export const BulkDecided = z.object({
  decided: z.number().int().describe('Runs that were told'),
  refused: z.number().int().describe('Runs that match and cannot be told this, or moved on meanwhile'),
  left: z.number().int().describe('Matching runs beyond this batch; ask again'),
});
export type BulkDecided = z.infer<typeof BulkDecided>;

export const Breakpoint = z.strictObject({ on: z.boolean() });

export const StepInputView = z.object({
  number: z.number().int().describe("1 is the blueprint's; each retry with another input adds one"),
  input: z.unknown().describe('Null where the step has not been tried yet'),
  inputSchema: z.record(z.string(), z.unknown()).nullable(),
});
export type StepInputView = z.infer<typeof StepInputView>;
