import { copyTenantOfMoment } from '../routes/recoveries/copyTenantOfMoment.ts';
import { listTenantRecoveries } from '../routes/recoveries/listTenantRecoveries.ts';
import { planTenantRecovery } from '../routes/recoveries/planTenantRecovery.ts';
import { readRecoveryState } from '../routes/recoveries/readRecoveryState.ts';
import { recoverTenantBeside } from '../routes/recoveries/recoverTenantBeside.ts';
import { recoverTenantInPlace } from '../routes/recoveries/recoverTenantInPlace.ts';

/** One tenant out of the whole server as it was at a moment. */
export const recoveryRoutes = {
  readRecoveryState,
  listTenantRecoveries,
  planTenantRecovery,
  recoverTenantInPlace,
  recoverTenantBeside,
  copyTenantOfMoment,
};
