import assert from 'node:assert/strict';
import { createOwner } from '#domain/people/ownership.ts';
import { settleSampleLicensing } from '#local/start/sampleLicensing.ts';
import { TestInstallation } from '../servers/installation.ts';

describe('the licence of the first tenant', () => {
  let installation: TestInstallation;
  beforeEach(async () => (installation = await TestInstallation.start()));
  afterEach(() => installation.stop());

  const standard = async () => {
    const [plan] = await installation.asAdmin<{ version: number; policy: string | null; policies: number }>(
      null,
      `select blueprint_version as version, license_policy_name as policy, (select count(*)::int from license_policies) as policies
       from plans where name = 'standard'`,
    );
    return plan;
  };

  it('is there in a registry that nobody has used, prepared once', async () => {
    await settleSampleLicensing(installation.em);
    await settleSampleLicensing(installation.em);
    assert.deepEqual(await standard(), { version: 2, policy: 'standard', policies: 1 });
    await installation.startWorker();
    const { tenantId, runId } = await installation.provision({ name: 'The first' });
    const [licence] = await installation.asAdmin<{ state: string; product: string }>(
      null,
      'select state, product from licenses where tenant_id = $1',
      [tenantId],
    );
    assert.deepEqual(licence, { state: 'active', product: 'my-product' });
    const { steps } = await installation.run(runId);
    assert.deepEqual(
      steps.map(({ provider }) => provider),
      ['address', 'database', 'realm', 'storage', 'license', 'tenant', 'doors'],
    );
  });

  it('is left to its owner where there is one, and to whoever has tenants', async () => {
    await installation.createTenant({ name: 'Before' });
    await settleSampleLicensing(installation.em);
    assert.deepEqual(await standard(), { version: 1, policy: null, policies: 0 });
    await createOwner(installation.em, 'owner@example.org', 'correct horse battery staple');
    await settleSampleLicensing(installation.em);
    assert.deepEqual(await standard(), { version: 1, policy: null, policies: 0 });
  });
});
