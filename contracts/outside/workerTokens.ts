import { z } from 'zod';

export const longestTokenDays = 366;

export const NewWorkerToken = z.strictObject({
  name: z.string().trim().min(1, 'must not be empty').max(100).describe('Who holds it: a team, a deployment'),
  taskQueue: z.string().min(1).max(200).describe('The one queue whose payloads it opens'),
  days: z.number().int().min(1).max(longestTokenDays).default(90).describe('How long it is valid'),
});
export type NewWorkerToken = z.infer<typeof NewWorkerToken>;

export const WorkerToken = z.object({
  id: z.uuid(),
  name: z.string(),
  taskQueue: z.string(),
  hint: z.string().describe('Its last four characters'),
  createdAt: z.iso.datetime(),
  createdBy: z.string().nullable(),
  expiresAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().nullable().describe('Exact to the minute'),
  revokedAt: z.iso.datetime().nullable(),
});
export type WorkerToken = z.infer<typeof WorkerToken>;

export const IssuedWorkerToken = WorkerToken.extend({
  token: z.string().describe('`twt_` and 28 letters and digits; shown this once'),
});
export type IssuedWorkerToken = z.infer<typeof IssuedWorkerToken>;

export const WorkerTokens = z.object({ items: z.array(WorkerToken) });
export type WorkerTokens = z.infer<typeof WorkerTokens>;
