import { SecretRotations } from '#contracts/life/rotation.ts';
import { viewRotations } from '#domain/rotation/viewRotations.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const listSecretRotations = defineRoute({
  method: 'get',
  path: '/api/v1/tenants/{tenantId}/secret-rotations',
  summary: 'Which secrets of a tenant work, and who rotated them when',
  permission: 'tenants:read',
  scope: 'tenant',
  params: TenantParams,
  success: { status: 200, body: SecretRotations },
  errors: ['not_found'],
  handle: ({ params }, { em }) => viewRotations(em, params.tenantId),
});
