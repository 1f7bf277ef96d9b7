import { z } from 'zod';
import { RunbookName } from '#contracts/runbooks/runbooks.ts';

const version = z.coerce
  .number()
  .int()
  .min(1)
  .max(2 ** 31 - 1);

export const RunbookParams = z.strictObject({ name: RunbookName });
export const RunbookVersionParams = z.strictObject({ name: RunbookName, version });
export const RunbookDiffQuery = z.strictObject({
  from: version.optional().describe('The one before `to`, where nobody says'),
  to: version.optional().describe('The latest, where nobody says'),
});
