import assert from 'node:assert/strict';
import type { LicenseKeys } from '#contracts/licenses/keys.ts';
import type { License } from '#contracts/licenses/licenses.ts';
import type { LicenseValidation } from '#contracts/licenses/uses.ts';
import type { Problem } from '#contracts/problems.ts';
import { DomainError } from '#contracts/errors.ts';
import { openCheck } from '#domain/drift/check.ts';
import { openRepair } from '#domain/drift/repair.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { requestCancel } from '#domain/runs/ending/cancelRun.ts';
import { resumeTenant, suspendTenant } from '#domain/suspension/suspendTenant.ts';
import { createVerifier } from '#packages/license/src/index.ts';
import { startRun } from '#temporal/startRun.ts';
import { ApiInstallation } from '../../api/apiInstallation.ts';
import { addLicensedPlan, licensedPlan } from '../../servers/licensedPlan.ts';
import { remainsOf } from '../../servers/remains.ts';
import { inGrace, offboard } from '../offboarding/leavingTenant.ts';

describe('the licence that a tenant is born with', () => {
  let api: ApiInstallation;
  let failing: string[] = [];

  before(async () => {
    api = await ApiInstallation.start();
    await addLicensedPlan(api.installation, { connectivityDays: 30 });
    await api.installation.startWorker(async ({ at, when }) => {
      if (when === 'before' && failing.includes(at)) throw new DomainError('check_failed', `${at} says no.`);
    });
  });
  beforeEach(() => (failing = []));
  after(() => api?.stop());

  const born = (name: string) => api.installation.provision({ name, plan: licensedPlan });
  const run = async (runId: string) => {
    await startRun(api.installation.platform, api.installation.temporal.client, runId);
    return api.installation.runIsOver(runId);
  };
  const suspend = async ({ tenantId, slug }: { tenantId: string; slug: string }) => {
    const { em, platform } = api.installation;
    const { runId } = await em.transactional((tx) =>
      suspendTenant(tx, platform.tenantKeys, tenantId, { confirm: slug, reason: 'A test.' }, theSystem),
    );
    return run(runId!);
  };
  const resume = async (tenantId: string) =>
    run((await api.installation.em.transactional((tx) => resumeTenant(tx, tenantId, theSystem))).runId);
  async function licenseOf(tenantId: string): Promise<License> {
    const { body } = await api.ask<{ items: License[] }>('GET', `/api/v1/licenses?tenantId=${tenantId}`);
    assert.equal(body.items.length, 1);
    return body.items[0]!;
  }
  const read = async (id: string) => (await api.ask<License>('GET', `/api/v1/licenses/${id}`)).body;
  const file = async (id: string) => (await api.ask('GET', `/api/v1/licenses/${id}/file`)).text;
  const list = async () => (await api.ask('GET', '/api/v1/license-products/suite/revocations')).text;
  const validity = async (licenseId: string) =>
    (await api.ask<LicenseValidation>('POST', '/api/v1/licenses/validate', { body: { licenseId } })).body.code;
  async function offline() {
    const { body } = await api.ask<LicenseKeys>('GET', '/api/v1/license-products/suite/keys');
    return createVerifier({ product: 'suite', keys: body.keys, revocations: await list() });
  }

  it('is issued as one of its resources, verifies offline, and takes no second', async () => {
    const { tenantId } = await born('Born with a licence');
    const licence = await licenseOf(tenantId);
    assert.partialDeepStrictEqual(licence, {
      provisioned: true,
      state: 'active',
      standing: 'valid',
      access: 'open',
      serial: 1,
      plan: licensedPlan,
      policy: { name: licensedPlan, version: 1 },
    });
    assert.equal((await offline()).verify(await file(licence.id), { tenant: tenantId }).state, 'valid');
    assert.equal((await api.ask('GET', `/api/v1/licenses/${licence.id}/key`)).status, 200);
    const [resource] = await api.installation.asAdmin<{ id: string; state: string; observed: object }>(
      null,
      `select id, state, observed from resources where tenant_id = $1 and provider = 'license'`,
      [tenantId],
    );
    assert.deepEqual(resource, {
      id: licence.id,
      state: 'present',
      observed: { licenseId: licence.id, product: 'suite' },
    });
  });

  it('is handed out to nobody before the doors open, and leaves nothing where they never do', async () => {
    failing = ['license.prove'];
    const { tenantId, runId } = await api.installation.createTenant({ name: 'Never opened', plan: licensedPlan });
    let refused: Problem | null = null;
    await api.installation.until('its licence to be there', 20_000, async () => {
      const { body } = await api.ask<{ items: License[] }>('GET', `/api/v1/licenses?tenantId=${tenantId}`);
      const [licence] = body.items;
      if (licence?.state === 'active') {
        const answer = await api.ask<Problem>('GET', `/api/v1/licenses/${licence.id}/file`);
        if (answer.status !== 200) refused ??= answer.body;
        assert.notEqual(answer.status, 200);
      }
      return licence;
    });
    assert.equal((await api.installation.runIsOver(runId)).state, 'rolled_back');
    assert.ok(['tenant_not_active', 'license_over', undefined].includes((refused as Problem | null)?.code));
    assert.deepEqual(await remainsOf(api.installation, tenantId), []);
    const licence = await licenseOf(tenantId);
    assert.deepEqual([licence.state, licence.standing], ['revoked', 'revoked']);
    const [listed] = await api.installation.asAdmin<{ count: number }>(
      null,
      'select count(*)::int as count from license_revocations where license_id = $1',
      [licence.id],
    );
    assert.equal(listed?.count, 0, 'nobody has a file of it');
  });

  it('is closed with its tenant by the list alone, and when that is resumed the same file is good again', async () => {
    const tenant = await born('Closed and opened');
    const { id } = await licenseOf(tenant.tenantId);
    const before = await file(id);
    assert.equal((await suspend(tenant)).state, 'succeeded');
    assert.partialDeepStrictEqual(await read(id), { state: 'active', access: 'suspended', standing: 'suspended' });
    assert.equal(await validity(id), 'suspended');
    assert.equal((await offline()).verify(before).state, 'revoked');
    const later = await api.ask<License>('POST', `/api/v1/tenants/${tenant.tenantId}/licenses`, { body: {} });
    assert.partialDeepStrictEqual(later.body, { access: 'suspended', standing: 'suspended', provisioned: false });
    assert.equal((await offline()).verify(await file(later.body.id)).state, 'revoked', 'what is issued meanwhile too');

    assert.equal((await resume(tenant.tenantId)).state, 'succeeded');
    assert.partialDeepStrictEqual(await read(id), { state: 'active', access: 'open', standing: 'valid', serial: 1 });
    assert.equal(await file(id), before);
    assert.equal((await offline()).verify(before).state, 'valid');
    assert.equal((await offline()).verify(await file(later.body.id)).state, 'valid');
  });

  it('that a person suspended stays suspended when its tenant is resumed, and what was revoked stays so', async () => {
    const tenant = await born('As it was');
    const { id } = await licenseOf(tenant.tenantId);
    await api.ask('POST', `/api/v1/licenses/${id}/suspend`);
    await suspend(tenant);
    await resume(tenant.tenantId);
    assert.partialDeepStrictEqual(await read(id), { state: 'suspended', access: 'open', standing: 'suspended' });
    await api.ask('POST', `/api/v1/licenses/${id}/revoke`, { body: { reason: 'unpaid' } });
    await suspend(tenant);
    await resume(tenant.tenantId);
    assert.partialDeepStrictEqual(await read(id), { state: 'revoked', standing: 'revoked' });
  });

  it('is opened again when the suspension comes to nothing', async () => {
    const steps = ['license', 'database'].map((provider) => ({ kind: 'resource', provider, title: provider }));
    const plan = await addLicensedPlan(api.installation, {}, { name: 'licence-first', steps });
    const tenant = await api.installation.provision({ name: 'Undone', plan });
    const { id } = await licenseOf(tenant.tenantId);
    failing = ['database.suspend'];
    assert.equal((await suspend(tenant)).state, 'rolled_back');
    assert.partialDeepStrictEqual(await read(id), { state: 'active', access: 'open', standing: 'valid' });
  });

  it('is kept while its tenant can come back, and revoked for good when that is erased', async () => {
    const tenant = await born('Leaving');
    const { id } = await licenseOf(tenant.tenantId);
    const before = await file(id);
    const { runId } = await offboard(api.installation, tenant);
    await inGrace(api.installation, runId);
    assert.partialDeepStrictEqual(await read(id), { state: 'active', access: 'suspended', standing: 'suspended' });
    await api.installation.em.transactional((em) => requestCancel(em, runId, theSystem));
    const { temporal } = await api.installation.run(runId);
    await api.installation.temporal.client.workflow.getHandle(temporal.workflowId).cancel();
    await api.installation.runIsOver(runId);
    assert.partialDeepStrictEqual(await read(id), { state: 'active', access: 'open', standing: 'valid' });
    assert.equal(await file(id), before);

    const gone = await offboard(api.installation, tenant, 0);
    assert.equal((await api.installation.runIsOver(gone.runId)).state, 'succeeded');
    assert.partialDeepStrictEqual(await read(id), { state: 'revoked', standing: 'revoked' });
    assert.equal((await offline()).verify(before).state, 'revoked');
    assert.equal((await api.ask<Problem>('GET', `/api/v1/licenses/${id}/file`)).body.code, 'license_over');
    assert.deepEqual(await remainsOf(api.installation, tenant.tenantId), [`address ${tenant.slug}`], 'held for a time');
  });

  it('that was altered behind our back is found by a drift check, and a repair signs it anew', async () => {
    const tenant = await born('Altered');
    const { id } = await licenseOf(tenant.tenantId);
    await api.installation.asAdmin(
      null,
      `update licenses set claims = replace(claims, '"test":false', '"test":true') where id = $1`,
      [id],
    );
    await run(await api.installation.em.transactional((em) => openCheck(em, tenant.tenantId, theSystem)));
    const findings = await api.installation.asAdmin<{ id: string; what: string; repair: string }>(
      null,
      `select id, what, repair from drift_findings where tenant_id = $1 and state = 'open'`,
      [tenant.tenantId],
    );
    assert.deepEqual(
      findings.map(({ what, repair }) => [what, repair]),
      [['signature of the licence', 'mend']],
    );
    const repair = await api.installation.em.transactional((em) => openRepair(em, findings[0]!.id, theSystem));
    assert.equal((await run(repair.runId)).state, 'succeeded');
    const verdict = (await offline()).verify(await file(id));
    assert.deepEqual([verdict.state, verdict.license?.serial, verdict.license?.test], ['valid', 2, false]);
  });

  describe('changes with the plan of its tenant', () => {
    const change = (tenantId: string, plan: string, more: object = {}) =>
      api.ask<{ plan: string } & Problem>('POST', `/api/v1/tenants/${tenantId}/plan`, {
        body: { plan, expected: licensedPlan, ...more },
      });
    const plans = { large: { entitlements: { projects: { number: 500 } } }, foreign: { product: 'another' } };
    before(async () => {
      for (const [name, rules] of Object.entries(plans)) await addLicensedPlan(api.installation, rules, { name });
    });

    it('to what the other plan grants, with its dates, and the former file goes on unless it is revoked', async () => {
      const { tenantId } = await born('Grown');
      const { id, expiresAt } = await licenseOf(tenantId);
      const small = await file(id);
      assert.equal((await change(tenantId, 'large')).body.plan, 'large');
      const changed = await read(id);
      assert.partialDeepStrictEqual(changed, {
        plan: 'large',
        policy: { name: 'large', version: 1 },
        serial: 2,
        expiresAt,
        entitlements: { projects: { number: 500 } },
      });
      const verifier = await offline();
      const verdict = verifier.verify(await file(id));
      assert.deepEqual([verdict.state, verdict.license?.plan], ['valid', 'large']);
      assert.equal(verifier.verify(small).state, 'valid');
      assert.equal((await change(tenantId, licensedPlan, { expected: 'large', revokeOlder: true })).status, 200);
      assert.equal((await offline()).verify(small).state, 'revoked');
      assert.equal((await offline()).verify(await file(id)).license?.plan, licensedPlan);
    });

    it('while its tenant is suspended, and stays closed', async () => {
      const tenant = await born('Grown while closed');
      const { id } = await licenseOf(tenant.tenantId);
      await suspend(tenant);
      assert.equal((await change(tenant.tenantId, 'large')).status, 200);
      assert.equal((await offline()).verify(await file(id)).state, 'revoked');
      await resume(tenant.tenantId);
      assert.equal((await offline()).verify(await file(id)).state, 'valid');
    });

    it('and is left alone where a person revoked it', async () => {
      const { tenantId } = await born('Grown without');
      const { id } = await licenseOf(tenantId);
      await api.ask('POST', `/api/v1/licenses/${id}/revoke`, { body: {} });
      assert.equal((await change(tenantId, 'large')).status, 200);
      assert.partialDeepStrictEqual(await read(id), { state: 'revoked', serial: 1, plan: licensedPlan });
    });

    for (const [what, plan, more, code] of [
      ['a plan of another product', 'foreign', {}, 'plan_not_reachable'],
      ['a plan whose tenants own something else', 'standard', {}, 'plan_not_reachable'],
      ['the plan that it has', licensedPlan, {}, 'invalid_request'],
      ['a plan that nobody made', 'nobodys', {}, 'plan_unknown'],
      ['a change of what is so no more', 'large', { expected: 'large' }, 'plan_moved'],
    ] as const)
      it(`not to ${what}, and nothing of it is changed`, async () => {
        const { tenantId } = await born('Unmoved');
        const { id } = await licenseOf(tenantId);
        assert.equal((await change(tenantId, plan, more)).body.code, code);
        assert.partialDeepStrictEqual(await read(id), { serial: 1, plan: licensedPlan });
        const { body } = await api.ask<{ plan: string }>('GET', `/api/v1/tenants/${tenantId}`);
        assert.equal(body.plan, licensedPlan);
      });

    it('not while something else changes the tenant', async () => {
      const tenant = await born('Busy');
      const { runId } = await offboard(api.installation, tenant);
      await inGrace(api.installation, runId);
      assert.equal((await change(tenant.tenantId, 'large')).body.code, 'tenant_not_active');
    });
  });

  it('that by a plan could be by no policy is refused before anything begins', async () => {
    await addLicensedPlan(api.installation, {}, { name: 'pointless' });
    await api.installation.asAdmin(
      null,
      `update plans set license_policy_name = null, license_policy_version = null where name = 'pointless'`,
    );
    for (const path of ['/api/v1/tenants', '/api/v1/tenants/plan']) {
      const refused = await api.refusal('POST', path, { body: { name: 'Pointless', plan: 'pointless' } });
      assert.deepEqual([refused.code, refused.fields?.[0]?.path], ['license_policy_missing', 'plan'], path);
    }
  });
});
