import { listTenantRestores } from '../routes/restores/listTenantRestores.ts';
import { planTenantRestore } from '../routes/restores/planTenantRestore.ts';
import { restoreTenantBeside } from '../routes/restores/restoreTenantBeside.ts';
import { restoreTenantInPlace } from '../routes/restores/restoreTenantInPlace.ts';
import { readRefill } from '../routes/refill/readRefill.ts';
import { refillTenants } from '../routes/refill/refillTenants.ts';

/** What is brought back from backups of tenants. */
export const restoreRoutes = {
  planTenantRestore,
  restoreTenantInPlace,
  restoreTenantBeside,
  listTenantRestores,
  refillTenants,
  readRefill,
};
