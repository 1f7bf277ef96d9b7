import { backupPlatformActivities } from './platform/backupPlatform.ts';
import { backUpFleet } from './backups/backUpFleet.ts';
import { backupRuns } from './backups/backupRuns.ts';
import { changeOwnership } from './tenant/changeOwnership.ts';
import { checkTenant } from './tenant/checkTenant.ts';
import { customSteps } from './outside/customSteps.ts';
import { deliverInvitation } from './tenant/deliverInvitation.ts';
import type { Deps } from './deps.ts';
import { drainActivities } from './platform/drains.ts';
import { shreddingActivities } from './platform/shredding.ts';
import { runbookActivities } from './recovery/executeRunbook.ts';
import { erasureActivities } from './tenant/erasure.ts';
import { exportActivities } from './tenant/exports.ts';
import { leavingActivities } from './tenant/leaving.ts';
import { doors } from './tenant/doors.ts';
import { drillFleet } from './backups/drillFleet.ts';
import { drillTenant } from './backups/drillTenant.ts';
import { driftActivities } from './findings/drift.ts';
import { fleetActivities } from './fleet/migrateFleet.ts';
import { httpSteps } from './outside/httpSteps.ts';
import { importActivities } from './fleet/importTenants.ts';
import { ledgerActivities } from './ledger.ts';
import { onboardingActivities, onboardingLook } from './tenant/onboarding.ts';
import { orphanActivities } from './findings/orphans.ts';
import { planActivities } from './tenant/planTenant.ts';
import { resourceActivities } from './tenant/resources.ts';
import { rotateSecrets } from './tenant/rotateSecrets.ts';
import { renewLicense } from './tenant/renewLicense.ts';
import { reissuingActivities } from './platform/reissuing.ts';
import { retentionActivities } from './platform/retention.ts';
import { recoverTenantActivities } from './recovery/recoverTenant.ts';
import { refillFleet } from './backups/refillFleet.ts';
import { restoreActivities } from './backups/restoreTenant.ts';
import { suspensionActivities } from './tenant/suspension.ts';
import { scheduleActivities } from './platform/schedules.ts';

/** Everything a workflow may ask for, by the names that the Temporal UI shows. */
export const createActivities = (deps: Deps) => ({
  ...Object.assign({}, ...Object.values(deps.providers).map((provider) => resourceActivities(provider, deps))),
  ...checkTenant(deps),
  ...doors(deps),
  ...leavingActivities(deps),
  ...exportActivities(deps),
  ...runbookActivities(deps),
  ...erasureActivities(deps),
  ...shreddingActivities(deps),
  ...ledgerActivities(deps),
  ...planActivities(deps),
  ...deliverInvitation(deps),
  ...drillTenant(deps),
  ...drillFleet(deps),
  ...driftActivities(deps),
  ...orphanActivities(deps),
  ...onboardingLook(deps),
  ...onboardingActivities(deps),
  ...retentionActivities(deps),
  ...reissuingActivities(deps),
  ...backupPlatformActivities(deps),
  ...importActivities(deps),
  ...rotateSecrets(deps),
  ...changeOwnership(deps),
  ...renewLicense(deps),
  ...scheduleActivities(deps),
  ...drainActivities(deps),
  ...suspensionActivities(deps),
  ...restoreActivities(deps),
  ...fleetActivities(deps),
  ...httpSteps(deps),
  ...customSteps(deps),
  ...backupRuns(deps),
  ...backUpFleet(deps),
  ...refillFleet(deps),
  ...recoverTenantActivities(deps),
});

/** The ones whose names are fixed; those of the providers are called through `workflows/lib/steps.ts`. */
export type Activities = ReturnType<typeof checkTenant> &
  ReturnType<typeof doors> &
  ReturnType<typeof leavingActivities> &
  ReturnType<typeof exportActivities> &
  ReturnType<typeof erasureActivities> &
  ReturnType<typeof shreddingActivities> &
  ReturnType<typeof deliverInvitation> &
  ReturnType<typeof driftActivities> &
  ReturnType<typeof onboardingActivities> &
  ReturnType<typeof orphanActivities> &
  ReturnType<typeof fleetActivities> &
  ReturnType<typeof retentionActivities> &
  ReturnType<typeof backupPlatformActivities> &
  ReturnType<typeof reissuingActivities> &
  ReturnType<typeof scheduleActivities> &
  ReturnType<typeof suspensionActivities> &
  Pick<ReturnType<typeof restoreActivities>, 'restore.close'> &
  ReturnType<typeof importActivities>;
