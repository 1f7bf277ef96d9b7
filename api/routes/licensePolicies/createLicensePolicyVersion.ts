import { z } from 'zod';
import { Name } from '#contracts/blueprints.ts';
import { LicensePolicyVersion, NewLicensePolicyVersion } from '#contracts/licenses/policies.ts';
import { createPolicyVersion, viewPolicyVersion } from '#domain/licenses/policies/policyVersions.ts';
import { defineRoute } from '../../route.ts';

/** Nothing is issued by it until a plan points at it. */
export const createLicensePolicyVersion = defineRoute({
  method: 'post',
  path: '/api/v1/license-policies/{name}/versions',
  summary: 'Create the next version of a licence policy',
  permission: 'licenses:policies',
  params: z.strictObject({ name: Name }),
  body: NewLicensePolicyVersion,
  idempotent: true,
  success: { status: 201, body: LicensePolicyVersion },
  errors: ['not_found', 'license_policy_invalid', 'license_policy_changed'],
  handle: async ({ params: { name }, body, actor }, { once }) =>
    once(async (em) => {
      const version = await createPolicyVersion(em, { name, ...body }, actor);
      return viewPolicyVersion(em, { name, version });
    }),
});
