import { listFleetTenants } from '../routes/fleet/listFleetTenants.ts';
import { listMigratedTenants } from '../routes/fleet/listMigratedTenants.ts';
import { planFleetMigration } from '../routes/fleet/planFleetMigration.ts';
import { readFleet } from '../routes/fleet/readFleet.ts';
import { readFleetRun } from '../routes/fleet/readFleetRun.ts';
import { releaseQuarantinedTenants } from '../routes/fleet/releaseQuarantinedTenants.ts';
import { retryQuarantinedTenants } from '../routes/fleet/retryQuarantinedTenants.ts';
import { startFleetMigration } from '../routes/fleet/startFleetMigration.ts';

/** Migrations over all tenants. */
export const fleetRoutes = {
  readFleet,
  listFleetTenants,
  planFleetMigration,
  startFleetMigration,
  readFleetRun,
  listMigratedTenants,
  retryQuarantinedTenants,
  releaseQuarantinedTenants,
};
