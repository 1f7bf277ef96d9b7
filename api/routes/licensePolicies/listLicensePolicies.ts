import { z } from 'zod';
import { LicensePolicySummary } from '#contracts/licenses/policies.ts';
import { listPolicies } from '#domain/licenses/policies/policyVersions.ts';
import { defineRoute } from '../../route.ts';

export const listLicensePolicies = defineRoute({
  method: 'get',
  path: '/api/v1/license-policies',
  summary: 'List licence policies: the latest version of each, and which plans point at which',
  permission: 'licenses:read',
  success: { status: 200, body: z.object({ items: z.array(LicensePolicySummary) }) },
  errors: [],
  handle: async (_input, { em }) => ({ items: await listPolicies(em) }),
});
