import { z } from 'zod';
import { DomainError } from '#contracts/errors.ts';
import { roles, type Role } from '#contracts/permissions.ts';
import { Manifest } from '#contracts/tenants.ts';
import { findManifest, revealManifest } from '#domain/tenants/viewManifest.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const readManifest = defineRoute({
  method: 'get',
  path: '/api/v1/tenants/{tenantId}/manifest',
  summary: "Where a tenant's database, realm and bucket are",
  permission: 'tenants:read',
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
  async handle({ params: { tenantId }, query, actor, signedIn }, { em, platform }) {
    if (!query.reveal) return findManifest(em, tenantId);
    const permissions: readonly string[] = roles[signedIn?.role as Role] ?? [];
    if (!permissions.includes('tenants:reveal'))
      throw new DomainError('forbidden', 'Your role does not permit tenants:reveal.');
    return revealManifest(em, platform.tenantKeys, tenantId, actor);
  },
});
