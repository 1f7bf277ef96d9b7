import { changeSuspension } from '../routes/suspension/changeSuspension.ts';
import { readSuspension } from '../routes/suspension/readSuspension.ts';
import { resumeTenant } from '../routes/suspension/resumeTenant.ts';
import { suspendTenant } from '../routes/suspension/suspendTenant.ts';
import { withdrawSuspension } from '../routes/suspension/withdrawSuspension.ts';
import { listTenantAddresses } from '../routes/renaming/listTenantAddresses.ts';
import { renameTenant } from '../routes/renaming/renameTenant.ts';
import { reverseRun } from '../routes/runs/reverseRun.ts';

/** Closing a tenant for a while, moving it to another address, and the way back. */
export const suspensionRoutes = {
  suspendTenant,
  readSuspension,
  changeSuspension,
  withdrawSuspension,
  resumeTenant,
  renameTenant,
  listTenantAddresses,
  reverseRun,
};
