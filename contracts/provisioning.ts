import { z } from 'zod';

export const ProvisioningSwitch = z.strictObject({
  paused: z.boolean(),
  reason: z.string().trim().min(1).max(200).optional().describe('Shown to everyone who meets the pause'),
});
export type ProvisioningSwitch = z.infer<typeof ProvisioningSwitch>;

/** What holds provisioning on the whole platform. */
export const ProvisioningState = z.object({
  paused: z
    .object({ reason: z.string().nullable(), since: z.iso.datetime(), by: z.string().nullable() })
    .nullable()
    .describe('Null while provisioning goes on'),
  circuits: z
    .array(
      z.object({
        provider: z.string(),
        since: z.iso.datetime(),
        retryAt: z.iso.datetime().describe('When the next run may try it'),
        reason: z.string().nullable(),
        waiting: z.number().int().describe('Runs that wait for it'),
      }),
    )
    .describe('Providers that failed for several tenants and are not called for the time being'),
});
export type ProvisioningState = z.infer<typeof ProvisioningState>;
