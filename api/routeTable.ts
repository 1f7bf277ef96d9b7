import { identityRoutes } from './routeTable/identity.ts';
import { accessRoutes } from './routeTable/access.ts';
import { tenantsRoutes } from './routeTable/tenants.ts';
import { runsRoutes } from './routeTable/runs.ts';
import { importsRoutes } from './routeTable/imports.ts';
import { platformRoutes } from './routeTable/platform.ts';
import { suspensionRoutes } from './routeTable/suspension.ts';
import { offboardingRoutes } from './routeTable/offboarding.ts';
import { onboardingRoutes } from './routeTable/onboarding.ts';
import { fleetRoutes } from './routeTable/fleet.ts';
import { portalRoutes } from './routeTable/portal.ts';
import { handoverRoutes } from './routeTable/handover.ts';
import { licensesRoutes } from './routeTable/licenses.ts';
import { renewalsRoutes } from './routeTable/renewals.ts';
import { backupsRoutes } from './routeTable/backups.ts';
import { recoveryRoutes } from './routeTable/recoveries.ts';
import { restoreRoutes } from './routeTable/restores.ts';
import { arrivalRoutes } from './routeTable/arrivals.ts';
import { runbookRoutes } from './routeTable/runbooks.ts';

/** Every route there is, by its operation id. */
export const routeTable = {
  ...identityRoutes,
  ...accessRoutes,
  ...tenantsRoutes,
  ...runsRoutes,
  ...importsRoutes,
  ...platformRoutes,
  ...suspensionRoutes,
  ...offboardingRoutes,
  ...fleetRoutes,
  ...portalRoutes,
  ...onboardingRoutes,
  ...handoverRoutes,
  ...licensesRoutes,
  ...renewalsRoutes,
  ...backupsRoutes,
  ...restoreRoutes,
  ...recoveryRoutes,
  ...arrivalRoutes,
  ...runbookRoutes,
};
