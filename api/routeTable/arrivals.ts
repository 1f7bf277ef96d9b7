import { askForTenant } from '../routes/arrivals/askForTenant.ts';
import { bringTenant } from '../routes/arrivals/bringTenant.ts';
import { handOverBackup } from '../routes/arrivals/handOverBackup.ts';
import { listArrivals } from '../routes/arrivals/listArrivals.ts';
import { listHandOvers } from '../routes/arrivals/listHandOvers.ts';
import { planArrival } from '../routes/arrivals/planArrival.ts';
import { withdrawArrival } from '../routes/arrivals/withdrawArrival.ts';

/** Tenants that go from one installation to another. */
export const arrivalRoutes = {
  askForTenant,
  listArrivals,
  planArrival,
  bringTenant,
  withdrawArrival,
  handOverBackup,
  listHandOvers,
};
