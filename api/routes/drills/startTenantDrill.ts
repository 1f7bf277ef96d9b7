import { z } from 'zod';
import { NewDrill } from '#contracts/backups/drills.ts';
import { openDrill } from '#domain/backups/drills/openDrill.ts';
import { defineRoute, TenantParams } from '../../route.ts';

/** Nothing of the tenant is touched. */
export const startTenantDrill = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/drills',
  summary: "Prove a tenant's backup: restore it into a throw-away database and look at it",
  permission: 'backups:manage',
  scope: 'tenant',
  params: TenantParams,
  body: NewDrill,
  idempotent: true,
  success: { status: 202, body: z.object({ drillId: z.uuid(), runId: z.uuid() }) },
  errors: ['not_found', 'tenant_erased', 'backup_not_found', 'run_in_progress'],
  async handle({ params: { tenantId }, body, actor }, { once, workflows }) {
    const opened = await once((em) => openDrill(em, tenantId, body, actor));
    await workflows.start(opened.runId);
    return opened;
  },
});
