import { checkTenant } from './checkTenant.ts';
import { customSteps } from './customSteps.ts';
import { deliverInvitation } from './deliverInvitation.ts';
import type { Deps } from './deps.ts';
import { doors } from './doors.ts';
import { driftActivities } from './drift.ts';
import { httpSteps } from './httpSteps.ts';
import { ledgerActivities } from './ledger.ts';
import { orphanActivities } from './orphans.ts';
import { planActivities } from './planTenant.ts';
import { resourceActivities } from './resources.ts';
import { retentionActivities } from './retention.ts';
import { scheduleActivities } from './schedules.ts';

/** Everything a workflow may ask for, by the names that the Temporal UI shows. */
export const createActivities = (deps: Deps) => ({
  ...Object.assign({}, ...Object.values(deps.providers).map((provider) => resourceActivities(provider, deps))),
  ...checkTenant(deps),
  ...doors(deps),
  ...ledgerActivities(deps),
  ...planActivities(deps),
  ...deliverInvitation(deps),
  ...driftActivities(deps),
  ...orphanActivities(deps),
  ...retentionActivities(deps),
  ...scheduleActivities(deps),
  ...httpSteps(deps),
  ...customSteps(deps),
});

/** The ones whose names are fixed; those of the providers are called through `workflows/lib/steps.ts`. */
export type Activities = ReturnType<typeof checkTenant> &
  ReturnType<typeof doors> &
  ReturnType<typeof deliverInvitation> &
  ReturnType<typeof driftActivities> &
  ReturnType<typeof orphanActivities> &
  ReturnType<typeof retentionActivities> &
  ReturnType<typeof scheduleActivities>;
