import type { ActionDescription } from './actions.ts';
import { checkCertificate } from './actions/certificates.ts';
import { keyActions } from './actions/keys.ts';
import { pauseProvisioning, resumeProvisioning } from './actions/platform.ts';
import { rebuildActions } from './actions/rebuild.ts';
import { replicationActions } from './actions/replication.ts';
import { takeBackOffboarding } from './actions/tenants.ts';

/** Every action there is, from whichever file describes it. A worker that cannot carry one of them out does not start. */
export const runbookActions: readonly ActionDescription[] = [
  pauseProvisioning,
  resumeProvisioning,
  ...Object.values(rebuildActions),
  ...Object.values(replicationActions),
  ...Object.values(keyActions),
  checkCertificate,
  takeBackOffboarding,
];

export const actionOf = (name: string): ActionDescription | undefined =>
  runbookActions.find((one) => one.name === name);
