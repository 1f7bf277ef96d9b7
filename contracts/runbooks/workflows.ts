import { z } from 'zod';
import { longestOverlapSeconds, RotatableKind } from '../life/rotation.ts';
import { graceDays } from '../offboarding/offboarding.ts';
import type { PracticeKind, ToldKind } from './actions.ts';

/** A run of another kind that a step may start and wait for. */
export interface WorkflowDescription {
  name: string;
  title: string;
  params: z.ZodType;
  tells: Record<string, ToldKind>;
  practice?: PracticeKind;
}

const tenantId = z.uuid().describe('The tenant');
const told = { runId: 'text', state: 'text' } as const;

/** In practice what only looks, or works in a place of its own, is done; what changes a tenant is not, unless a step says otherwise. */
export const runbookWorkflows = {
  createTenant: {
    title: 'Create a tenant',
    params: z.strictObject({
      name: z.string().min(1).max(120),
      slug: z.string().max(39).nullish(),
      plan: z.string().max(63).nullish(),
    }),
    tells: { ...told, tenantId: 'text', slug: 'text' },
  },
  backupTenant: { title: 'Back up a tenant', params: z.strictObject({ tenantId }), tells: told, practice: 'same' },
  drillTenant: {
    title: 'Restore a backup into a throw-away database and prove it',
    params: z.strictObject({ tenantId, backupId: z.uuid().nullish() }),
    tells: told,
    practice: 'same',
  },
  restoreTenant: {
    title: "Replace a tenant's data by its newest backup, or the one that is named",
    params: z.strictObject({ tenantId, backupId: z.uuid().nullish() }),
    tells: { ...told, backupId: 'text' },
  },
  deprovisionTenant: {
    title: 'Remove a tenant that was made by mistake',
    params: z.strictObject({ tenantId }),
    tells: told,
  },
  offboardTenant: {
    title: 'Let a tenant go, up to the time in which it can be undone; its erasure comes by itself',
    params: z.strictObject({ tenantId, graceDays: graceDays.nullish() }),
    tells: told,
  },
  rotateTenantSecrets: {
    title: "Rotate a tenant's secrets; it is over when the old ones have ended",
    params: z.strictObject({
      tenantId,
      kinds: z.array(RotatableKind).min(1).max(2),
      overlapSeconds: z.number().int().min(0).max(longestOverlapSeconds),
    }),
    tells: told,
  },
  checkDrift: { title: 'Compare with the registry', params: z.strictObject({}), tells: told, practice: 'same' },
  backupPlatform: { title: 'Back up the control plane', params: z.strictObject({}), tells: told, practice: 'same' },
} as const satisfies Record<string, Omit<WorkflowDescription, 'name'>>;

export type RunbookWorkflow = keyof typeof runbookWorkflows;

export const workflowOf = (name: string): (WorkflowDescription & { name: RunbookWorkflow }) | undefined =>
  Object.hasOwn(runbookWorkflows, name)
    ? { name: name as RunbookWorkflow, ...runbookWorkflows[name as RunbookWorkflow] }
    : undefined;
