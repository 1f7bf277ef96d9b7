export { checkDrift } from './checkDrift.ts';
export { deliverInvitation } from './deliverInvitation.ts';
export { deprovisionTenant } from './deprovisionTenant.ts';
export { finishRollback } from './finishRollback.ts';
export { planTenant } from './planTenant.ts';
export { provisionTenant } from './provisionTenant.ts';
export { repairResource } from './repairResource.ts';
export { startScheduledRun } from './startScheduledRun.ts';
