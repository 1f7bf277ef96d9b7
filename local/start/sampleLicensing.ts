import { LicensePolicyDraft } from '#contracts/licenses/policies.ts';
import { movePlan } from '#domain/blueprints/changePlans.ts';
import { createVersion } from '#domain/blueprints/createVersion.ts';
import { findVersion, stepsOf } from '#domain/blueprints/viewBlueprints.ts';
import type { Sql } from '#domain/database.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { changePlanLicensing } from '#domain/licenses/policies/planLicensing.ts';
import { createPolicyVersion } from '#domain/licenses/policies/policyVersions.ts';
import { hasOwner } from '#domain/people/ownership.ts';
import { rows } from '#domain/sql.ts';

const name = 'standard';

/** A year for twenty people, with one entitlement of each kind: something to change, not something to sell. */
const sampleRules = LicensePolicyDraft.parse({
  product: 'my-product',
  term: { kind: 'term', period: 'P1Y' },
  trialDays: 14,
  graceDays: 14,
  seats: { limit: 20 },
  entitlements: {
    sso: { flag: true },
    projects: { number: 50 },
    api_calls: { meter: { limit: 100_000, per: 'month' } },
  },
});

/**
 * In a registry that nobody has used yet, tenants of the standard plan get a licence, so that the first one shows it. Where there is an owner
 * or a tenant, what plans do is theirs to decide.
 */
export async function settleSampleLicensing(em: Sql): Promise<void> {
  if (await hasOwner(em)) return;
  await em.transactional(async (tx) => {
    const untouched = await rows(tx)`
      select 1 from plans where name = ${name} and blueprint_name = ${name} and blueprint_version = 1 and license_policy_name is null
        and not exists (select 1 from tenants) and not exists (select 1 from license_policies)
        and not exists (select 1 from blueprints where name = ${name} and version > 1)
      for update`;
    if (untouched.length === 0) return;
    const steps = stepsOf(await findVersion(tx, name, 1));
    const license = { kind: 'resource', key: 'license', provider: 'license', title: 'Issue the licence' };
    const at = steps.findIndex(({ kind }) => kind === 'check');
    await createPolicyVersion(tx, { name, baseVersion: 0, rules: sampleRules }, theSystem);
    await changePlanLicensing(tx, name, { policy: { name, version: 1 }, expected: null }, theSystem);
    await createVersion(
      tx,
      { name, baseVersion: 1, steps: [...steps.slice(0, at), license, ...steps.slice(at)] },
      theSystem,
    );
    await movePlan(tx, name, { blueprintVersion: 2, expectedVersion: 1 }, theSystem);
  });
}
