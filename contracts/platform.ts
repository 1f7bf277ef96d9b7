import { z } from 'zod';

const Cluster = z.object({ clusterId: z.string(), namespaceId: z.string() });

/** Which Temporal cluster answers, beside the one that the open runs were started in. */
export const ClusterState = z.discriminatedUnion('state', [
  z.object({ state: z.literal('same') }),
  z.object({
    state: z.literal('other'),
    known: Cluster.describe('Where the open runs were started'),
    seen: Cluster.describe('What answers instead'),
    firstSeenAt: z.iso.datetime(),
    affectedRuns: z.number().int().describe('Open runs that were started in the known cluster'),
  }),
]);
export type ClusterState = z.infer<typeof ClusterState>;

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

/** What concerns everybody who is signed in. */
export const PlatformState = z.object({
  cluster: ClusterState,
  provisioning: ProvisioningState,
  openTasks: z.number().int().nullable().describe('Null for who may not read tasks'),
  approvalsToDecide: z.number().int().nullable().describe('Null for who may not approve anything'),
});
export type PlatformState = z.infer<typeof PlatformState>;

export const ClusterConfirmation = z
  .strictObject({ clusterId: z.string().min(1).max(200), namespaceId: z.string().min(1).max(200) })
  .describe('The cluster and namespace that were seen, as the platform shows them');

export const ClusterConfirmed = z.object({
  restarted: z.number().int().describe('Runs that go forward on the present cluster'),
  finishedFromLedger: z.number().int().describe('Runs that were being rolled back, and are completed from the ledger'),
});
export type ClusterConfirmed = z.infer<typeof ClusterConfirmed>;
