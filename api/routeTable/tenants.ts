import { listPlans } from '../routes/plans/listPlans.ts';
import { createPlan } from '../routes/plans/createPlan.ts';
import { updatePlan } from '../routes/plans/updatePlan.ts';
import { listBlueprints } from '../routes/blueprints/listBlueprints.ts';
import { checkBlueprint } from '../routes/blueprints/checkBlueprint.ts';
import { readBlueprint } from '../routes/blueprints/readBlueprint.ts';
import { readBlueprintVersion } from '../routes/blueprints/readBlueprintVersion.ts';
import { createBlueprintVersion } from '../routes/blueprints/createBlueprintVersion.ts';
import { listTenants } from '../routes/tenants/listTenants.ts';
import { createTenant } from '../routes/tenants/createTenant.ts';
import { planTenant } from '../routes/tenants/planTenant.ts';
import { readTenant } from '../routes/tenants/readTenant.ts';
import { updateTenant } from '../routes/tenants/updateTenant.ts';
import { changeTenantPlan } from '../routes/tenants/changeTenantPlan.ts';
import { deleteTenant } from '../routes/tenants/deleteTenant.ts';
import { readManifest } from '../routes/tenants/readManifest.ts';
import { correctAdminInvitation } from '../routes/adminInvitation/correctAdminInvitation.ts';
import { readAdminInvitation } from '../routes/adminInvitation/readAdminInvitation.ts';
import { resendAdminInvitation } from '../routes/adminInvitation/resendAdminInvitation.ts';

/** Tenants, and what they are made by. */
export const tenantsRoutes = {
  listPlans,
  createPlan,
  updatePlan,
  listBlueprints,
  checkBlueprint,
  readBlueprint,
  readBlueprintVersion,
  createBlueprintVersion,
  listTenants,
  createTenant,
  planTenant,
  readTenant,
  updateTenant,
  changeTenantPlan,
  deleteTenant,
  readManifest,
  readAdminInvitation,
  resendAdminInvitation,
  correctAdminInvitation,
};
