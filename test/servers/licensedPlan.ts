import { LicensePolicyDraft } from '#contracts/licenses/policies.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { createPolicyVersion } from '#domain/licenses/policies/policyVersions.ts';
import type { TestInstallation } from './installation.ts';

export const licensedPlan = 'licensed';

const database = { kind: 'resource', key: 'database', provider: 'database', title: 'Create the database' };
const license = { kind: 'resource', key: 'license', provider: 'license', title: 'Issue the licence' };
const check = { kind: 'check', key: 'check', provider: 'tenant', title: 'Check that everything answers' };

/** A plan whose tenants are born with a licence, and its policy. */
export async function addLicensedPlan(
  installation: TestInstallation,
  rules: object = {},
  { name = licensedPlan, steps = [database, license, check] }: { name?: string; steps?: object[] } = {},
): Promise<string> {
  await installation.addPlan(name, steps);
  await installation.em.transactional((em) =>
    createPolicyVersion(
      em,
      {
        name,
        baseVersion: 0,
        rules: LicensePolicyDraft.parse({ product: 'suite', term: { kind: 'term', period: 'P1Y' }, ...rules }),
      },
      theSystem,
    ),
  );
  await installation.asAdmin(
    null,
    'update plans set license_policy_name = $1, license_policy_version = 1 where name = $1',
    [name],
  );
  return name;
}
