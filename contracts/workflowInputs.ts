/** What crosses into workflows and activities: ids only. Names, addresses and people are read from the registry. */

/** A step of a run as its workflow sees it. The ids were chosen, and the ledger row committed, before the workflow started. */
export interface PlannedStep {
  id: string;
  position: number;
  title: string;
  kind: 'fixed' | 'resource' | 'check';
  /** Which activities serve it: `<provider>.ensure`, `<provider>.destroy`, `<provider>.check`. */
  provider: string;
  resourceId: string | null;
}

/** Why something failed, as people may read it: a stable code and a sentence without secrets. */
export interface Reason {
  code: string;
  text: string;
}

export interface RunRef {
  runId: string;
  tenantId: string;
  /** Grows when a run is started forward again; effects of an older epoch are refused. */
  epoch: number;
}

export interface RunInput extends RunRef {
  steps: PlannedStep[];
  /** How long each undo is retried before it counts as failed for good. */
  undoPatienceSeconds: number;
  /** How often an act is tried before it counts as failed. */
  actAttempts: number;
}

/** What an act, an undo or a check is told. */
export interface StepInput extends RunRef {
  stepId: string;
  resourceId: string | null;
  intent: 'act' | 'undo';
}

export const workflowKinds = ['provisionTenant', 'deprovisionTenant', 'deliverInvitation', 'finishRollback'] as const;
export type WorkflowKind = (typeof workflowKinds)[number];

/** `<workflow>/<tenantId or platform>/<runId>`: the codec finds the tenant's key by the middle part. */
export const workflowIdOf = (kind: WorkflowKind, tenantId: string | null, runId: string): string =>
  `${kind}/${tenantId ?? 'platform'}/${runId}`;

export const tenantOfWorkflowId = (workflowId: string): string | null => {
  const middle = workflowId.split('/')[1];
  return middle && middle !== 'platform' ? middle : null;
};
