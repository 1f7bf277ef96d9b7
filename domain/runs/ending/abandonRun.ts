import { DomainError } from '#contracts/errors.ts';
import { runIsOver } from '#contracts/runStates.ts';
import type { WorkflowKind } from '#contracts/workflowInputs.ts';
import type { Sql } from '../../database.ts';
import type { Announcer } from '../../events/announcer.ts';
import { reopenOwnership } from '../../ownership/askOwnership.ts';
import { reopenRenewal } from '../../licenses/renewing/openRenewal.ts';
import { reopenRotation } from '../../rotation/openRotation.ts';
import { reopenOnboarding } from '../../onboarding/openOnboarding.ts';
import { rows } from '../../sql.ts';
import { abandonBackup } from '../../backups/runs/closing.ts';
import { abandonImport } from '../../imports/abandonImport.ts';
import { openTask } from '../../tasks/openTask.ts';
import { reopenRemoval } from '../../tenants/openRemoval.ts';
import { needAttention } from './closeRun.ts';
import { openFinishOfLost } from './finishRollback.ts';
import { reopenShredding } from '../../erasure/shredding.ts';
import { closeOffboarding, hasBegunErasing } from '../../offboarding/takeBack.ts';
import { lockRun, moveRun, type LockedRun } from '../ledger.ts';

/** They leave nothing half-made and change nothing of a tenant's life: whoever wanted them asks again. */
const askedForAgain: ReadonlySet<WorkflowKind> = new Set<WorkflowKind>([
  'checkDrift',
  'repairResource',
  'sweepOrphans',
  'applyRetention',
  'backupPlatform',
  'removeOrphan',
  'onboardTenant',
  'renewLicense',
  'reissueLicenses',
  'importTenants',
  'migrateFleet',
  'backupTenant',
  'verifyBackup',
  'backupFleet',
  'drillFleet',
  'refillFleet',
  'recoverTenant',
]);

/**
 * Closes a run whose workflow ended without writing so (terminated by hand, timed out, deleted), and opens the run that
 * completes it: the undo of a provisioning, the rest of a removal. A delivery has nothing to undo; a person is asked for.
 * The others ask for one only if what completes them has to leave something too.
 *
 * @param how completes “Its workflow was …”
 * @returns the id of the run to start, or null
 */
export async function abandonRun(em: Sql, announcer: Announcer, runId: string, how: string): Promise<string | null> {
  const { followUp, version } = await em.transactional(async (tx) => {
    const run = await lockRun(tx, runId);
    if (runIsOver(run.state)) return { followUp: null, version: null };
    const text = `Its workflow was ${how}; what it had begun is completed from the ledger.`;
    const reason = { code: 'workflow_ended', text };
    if (askedForAgain.has(run.kind)) await moveRun(tx, run, 'needs_attention', reason);
    else await needAttention(tx, run, reason);
    if (run.kind === 'importTenants') await abandonImport(tx, run.id);
    if (run.kind === 'executeRunbook') {
      const title = 'A runbook was cut off: start it again at the step that it had come to';
      await openTask(tx, { kind: 'attention', runId, tenantId: null, title, reason });
    }
    if (run.kind === 'backupTenant' || run.kind === 'recoverTenant') await abandonBackup(tx, run, reason);
    const followUp = await openFollowUp(tx, run);
    if (followUp === null && run.kind === 'deliverInvitation') {
      const title = 'A message may not have been sent';
      await openTask(tx, { kind: 'delivery_refused', runId, tenantId: run.tenantId, title, reason });
    }
    const [row] = await rows<{ version: number }>(tx)`
      update runs set version = version + 1 where id = ${runId} returning version`;
    return { followUp, version: row?.version ?? null };
  });
  if (version !== null) announcer.announce('run', runId, version);
  return followUp;
}

async function openFollowUp(em: Sql, run: LockedRun): Promise<string | null> {
  if (run.kind === 'shredTenantKey') return reopenShredding(em, run.id);
  if (!run.tenantId) return null;
  switch (run.kind) {
    case 'provisionTenant':
    case 'suspendTenant':
    case 'resumeTenant':
    case 'renameTenant':
    case 'drillTenant':
    case 'restoreTenant':
      return (await openFinishOfLost(em, run.id)).runId;
    case 'finishRollback': {
      const [left] = await rows<{ id: string }>(em)`select parent_run_id as id from runs where id = ${run.id}`;
      if (!left?.id) throw new DomainError('run_not_finishable', 'This run finishes no other.');
      return (await openFinishOfLost(em, left.id)).runId;
    }
    case 'offboardTenant':
      // Before the erasure everything is given back; what has begun to be erased is erased.
      if (!(await hasBegunErasing(em, run.id))) return (await openFinishOfLost(em, run.id)).runId;
      await closeOffboarding(em, run.id, 'left');
      return (await reopenRemoval(em, run.tenantId, run.id)).runId;
    case 'onboardTenant':
      return reopenOnboarding(em, run.id);
    case 'deprovisionTenant':
      return (await reopenRemoval(em, run.tenantId, run.id)).runId;
    case 'deliverInvitation':
    case 'checkDrift':
    case 'repairResource':
    case 'sweepOrphans':
    case 'applyRetention':
    case 'backupPlatform':
    case 'reissueLicenses':
    case 'removeOrphan':
    case 'deliverStep':
    case 'importTenants':
    case 'migrateFleet':
    case 'backupTenant':
    case 'verifyBackup':
    case 'backupFleet':
    case 'drillFleet':
    case 'refillFleet':
    case 'executeRunbook':
    case 'recoverTenant':
      return null;
    case 'changeOwnership':
      return reopenOwnership(em, run.tenantId, run.id);
    case 'renewLicense':
      return reopenRenewal(em, { ...run, tenantId: run.tenantId });
    case 'rotateTenantSecrets':
      return reopenRotation(em, run.tenantId, run.id);
  }
}
