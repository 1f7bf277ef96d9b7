import { z } from 'zod';
import { Name } from '#contracts/blueprints.ts';
import { LicensePolicyVersion } from '#contracts/licenses/policies.ts';
import { viewPolicyVersion } from '#domain/licenses/policies/policyVersions.ts';
import { defineRoute } from '../../route.ts';

export const readLicensePolicyVersion = defineRoute({
  method: 'get',
  path: '/api/v1/license-policies/{name}/versions/{version}',
  summary: 'Read one version of a licence policy',
  permission: 'licenses:read',
  params: z.strictObject({
    name: Name,
    version: z.coerce
      .number()
      .int()
      .min(1)
      .max(2 ** 31 - 1),
  }),
  success: { status: 200, body: LicensePolicyVersion },
  errors: ['not_found'],
  handle: async ({ params }, { em }) => viewPolicyVersion(em, params),
});
