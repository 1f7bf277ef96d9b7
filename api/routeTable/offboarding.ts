import { readPlanOffboarding } from '../routes/plans/readPlanOffboarding.ts';
import { updatePlanOffboarding } from '../routes/plans/updatePlanOffboarding.ts';
import { checkExportLink } from '../routes/offboarding/checkExportLink.ts';
import { downloadExport } from '../routes/offboarding/downloadExport.ts';
import { holdTenantErasure } from '../routes/offboarding/holdTenantErasure.ts';
import { liftTenantHold } from '../routes/offboarding/liftTenantHold.ts';
import { listTenantHolds } from '../routes/offboarding/listTenantHolds.ts';
import { offboardTenant } from '../routes/offboarding/offboardTenant.ts';
import { readErasureCertificate } from '../routes/offboarding/readErasureCertificate.ts';
import { readTenantEnd } from '../routes/offboarding/readTenantEnd.ts';
import { renewExportLink } from '../routes/offboarding/renewExportLink.ts';
import { revokeTenantExportLink } from '../routes/offboarding/revokeTenantExportLink.ts';
import { takeExportTicket } from '../routes/offboarding/takeExportTicket.ts';
import { undoTenantOffboarding } from '../routes/offboarding/undoTenantOffboarding.ts';

/** How a tenant leaves, what it takes along, and what is certified of it afterwards. */
export const offboardingRoutes = {
  offboardTenant,
  readTenantEnd,
  undoTenantOffboarding,
  renewExportLink,
  revokeTenantExportLink,
  listTenantHolds,
  holdTenantErasure,
  liftTenantHold,
  readErasureCertificate,
  checkExportLink,
  takeExportTicket,
  downloadExport,
  readPlanOffboarding,
  updatePlanOffboarding,
};
