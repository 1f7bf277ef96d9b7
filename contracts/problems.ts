import { z } from 'zod';
import { dangerousActNames } from './approvals/acts.ts';
import { errorCodes } from './errors.ts';

/** RFC 9457 problem details, with a stable `code`, the request id and, for bad input, the paths of the fields. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  code: z.enum(errorCodes),
  requestId: z.string(),
  fields: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  suggestions: z.array(z.string()).optional(),
  runId: z.string().optional(),
  notice: z
    .string()
    .optional()
    .describe('With `tenant_suspended`: what the platform has to say to the people of the tenant'),
  slug: z.string().optional().describe('With `tenant_moved`: the address that the tenant has now'),
  approval: z
    .object({ act: z.enum(dangerousActNames), required: z.int(), approvalId: z.uuid().optional() })
    .optional()
    .describe('With `approval_required`: what must be approved, by how many, and the request for it if there is one'),
  license: z
    .object({ standing: z.string().optional(), limit: z.int().nullish(), used: z.int().optional() })
    .optional()
    .describe('With `license_not_valid` its standing, with `license_seats_exceeded` how many there are and are in use'),
});
export type Problem = z.infer<typeof Problem>;
