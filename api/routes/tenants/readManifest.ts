import { z } from 'zod';
import { Manifest } from '#contracts/tenants.ts';
import { findTenantTarget } from '#domain/access/tenantTarget.ts';
import { findManifest, revealManifest } from '#domain/tenants/viewManifest.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const readManifest = defineRoute({
  method: 'get',
  path: '/api/v1/tenants/{tenantId}/manifest',
  summary: "Where a tenant's database, realm and bucket are",
  permission: 'tenants:read',
  scope: 'tenant',
  params: TenantParams,
  query: z.strictObject({
    reveal: z
      .enum(['true', 'false'])
      .default('false')
      .transform((word) => word === 'true')
      .describe('With secrets; needs `tenants:reveal`, and each reveal is recorded'),
  }),
  success: { status: 200, body: Manifest },
  errors: ['not_found'],
  async handle({ params: { tenantId }, query, actor, demand }, { em, platform }) {
    if (!query.reveal) return findManifest(em, tenantId);
    demand('tenants:reveal', (await findTenantTarget(em, tenantId)) ?? { tenantId }, 'tenant');
    return revealManifest(em, platform.tenantKeys, tenantId, actor);
  },
});
