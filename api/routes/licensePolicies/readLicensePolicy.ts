import { z } from 'zod';
import { Name } from '#contracts/blueprints.ts';
import { LicensePolicy } from '#contracts/licenses/policies.ts';
import { viewPolicy } from '#domain/licenses/policies/policyVersions.ts';
import { defineRoute } from '../../route.ts';

export const readLicensePolicy = defineRoute({
  method: 'get',
  path: '/api/v1/license-policies/{name}',
  summary: 'Read a licence policy: its latest version and the list of all',
  permission: 'licenses:read',
  params: z.strictObject({ name: Name }),
  success: { status: 200, body: LicensePolicy },
  errors: ['not_found'],
  handle: async ({ params }, { em }) => viewPolicy(em, params.name),
});
