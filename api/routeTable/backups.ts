import { readEvidence } from '../routes/evidence/readEvidence.ts';
import { listEvidence } from '../routes/evidence/listEvidence.ts';
import { issueEvidence } from '../routes/evidence/issueEvidence.ts';
import { startFleetDrill } from '../routes/drills/startFleetDrill.ts';
import { readPlanTrend } from '../routes/drills/readPlanTrend.ts';
import { readTenantTrend } from '../routes/drills/readTenantTrend.ts';
import { listDrilledTenants } from '../routes/drills/listDrilledTenants.ts';
import { readDrillFleet } from '../routes/drills/readDrillFleet.ts';
import { readTenantDrill } from '../routes/drills/readTenantDrill.ts';
import { listDrills } from '../routes/drills/listDrills.ts';
import { listTenantDrills } from '../routes/drills/listTenantDrills.ts';
import { startTenantDrill } from '../routes/drills/startTenantDrill.ts';
import { holdBackup } from '../routes/backups/holds/holdBackup.ts';
import { liftBackupHold } from '../routes/backups/holds/liftBackupHold.ts';
import { listBackupHolds } from '../routes/backups/holds/listBackupHolds.ts';
import { backupPlan } from '../routes/backups/backupPlan.ts';
import { backupTenant } from '../routes/backups/backupTenant.ts';
import { listBackupPolicies } from '../routes/backups/listBackupPolicies.ts';
import { listProtectedTenants } from '../routes/backups/listProtectedTenants.ts';
import { listTenantBackups } from '../routes/backups/listTenantBackups.ts';
import { pausePlanBackups } from '../routes/backups/pausePlanBackups.ts';
import { pauseTenantBackups } from '../routes/backups/pauseTenantBackups.ts';
import { readBackup } from '../routes/backups/readBackup.ts';
import { readBackupFleet } from '../routes/backups/readBackupFleet.ts';
import { readBackupPolicy } from '../routes/backups/readBackupPolicy.ts';
import { readTenantProtection } from '../routes/backups/readTenantProtection.ts';
import { resumePlanBackups } from '../routes/backups/resumePlanBackups.ts';
import { resumeTenantBackups } from '../routes/backups/resumeTenantBackups.ts';
import { updateBackupPolicy } from '../routes/backups/updateBackupPolicy.ts';
import { verifyBackup } from '../routes/backups/verifyBackup.ts';

/** What is copied of tenants by the clock and by hand, and what plans promise of it. */
export const backupsRoutes = {
  readBackupFleet,
  listProtectedTenants,
  listBackupPolicies,
  readBackupPolicy,
  updateBackupPolicy,
  pausePlanBackups,
  resumePlanBackups,
  startTenantDrill,
  listTenantDrills,
  listDrills,
  startFleetDrill,
  issueEvidence,
  listEvidence,
  readEvidence,
  readPlanTrend,
  readTenantTrend,
  listDrilledTenants,
  readDrillFleet,
  readTenantDrill,
  backupPlan,
  readTenantProtection,
  listTenantBackups,
  backupTenant,
  pauseTenantBackups,
  resumeTenantBackups,
  readBackup,
  verifyBackup,
  listBackupHolds,
  holdBackup,
  liftBackupHold,
};
