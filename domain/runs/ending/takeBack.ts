import type { WorkflowKind } from '#contracts/workflowInputs.ts';
import type { Sql } from '../../database.ts';
import { takeBackDrill } from '../../backups/drills/closeDrill.ts';
import { takeBackRestore } from '../../backups/restoring/takeBackRestore.ts';
import { takeBackOffboarding } from '../../offboarding/takeBack.ts';
import { releaseReserved } from '../../renaming/releaseReserved.ts';
import { takeBackResumption, takeBackSuspension } from '../../suspension/takeBackSuspension.ts';
import { releaseAddress } from '../../tenants/addresses.ts';
import { moveTenant } from '../../tenants/moveTenant.ts';
import type { LockedRun } from '../ledger.ts';

/** What a run did to the tenant's row itself, taken back once everything outside is. */
interface TakeBack {
  (em: Sql, run: LockedRun, tenantId: string): Promise<unknown>;
}

/**
 * By kind; of a provisioning it is the address and the tenant, which exists no more. A rollback of these that got stuck can be finished
 * from the ledger.
 */
export const takeBackOfTenant: Partial<Record<WorkflowKind, TakeBack>> = {
  async provisionTenant(em, run, tenantId) {
    await releaseAddress(em, tenantId);
    await moveTenant(em, tenantId, { to: 'rolled_back', attention: false }, run.actor);
  },
  suspendTenant: takeBackSuspension,
  resumeTenant: takeBackResumption,
  offboardTenant: takeBackOffboarding,
  drillTenant: takeBackDrill,
  renameTenant: (em, run) => releaseReserved(em, run.id),
  restoreTenant: takeBackRestore,
};

/** Whether a rollback of such a run that had to leave something can be finished by another. */
export const isFinishable = (kind: WorkflowKind): boolean => takeBackOfTenant[kind] !== undefined;
