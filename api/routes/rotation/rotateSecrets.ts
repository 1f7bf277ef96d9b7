import { NewSecretRotation } from '#contracts/life/rotation.ts';
import { RunStarted } from '#contracts/runs.ts';
import { openRotation } from '#domain/rotation/openRotation.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const rotateSecrets = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/secret-rotations',
  summary: "Rotate a tenant's secrets: new ones beside the old, which end after the overlap",
  permission: 'tenants:rotate',
  scope: 'tenant',
  stepUp: true,
  params: TenantParams,
  body: NewSecretRotation,
  idempotent: true,
  success: { status: 202, body: RunStarted },
  errors: ['not_found', 'tenant_not_active', 'confirmation_mismatch', 'run_in_progress'],
  async handle({ params, body, actor }, { once, workflows }) {
    const started = await once((em) => openRotation(em, { ...body, ...params }, actor));
    await workflows.start(started.runId);
    return started;
  },
});
