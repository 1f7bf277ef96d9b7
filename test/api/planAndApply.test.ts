import assert from 'node:assert/strict';
import { writeTag } from '#domain/resources/tags.ts';
import { applyPlan } from '#domain/tenants/applyPlan.ts';
import { purgePlans } from '#domain/tenants/tenantPlans.ts';
import type { Problem } from '#contracts/problems.ts';
import type { RunStarted } from '#contracts/runs.ts';
import type { Manifest, TenantPlan } from '#contracts/tenants.ts';
import { registry } from '#observability/metrics.ts';
import { plantings } from '#test/servers/plantings.ts';
import type { PlantContext } from '#test/servers/plantings/planting.ts';
import { personWith } from './personWith.ts';
import { ApiInstallation, owner } from './apiInstallation.ts';

const admin = { email: 'secret.admin@example.org', name: 'Secret Admin' };

describe('planning a tenant and applying the plan', () => {
  let api: ApiInstallation;
  before(async () => {
    api = await ApiInstallation.start();
    await api.installation.startWorker();
  });
  after(() => api.stop());

  const plan = async (body: object): Promise<TenantPlan> => {
    const answer = await api.ask<TenantPlan>('POST', '/api/v1/tenants/plan', { body });
    assert.equal(answer.status, 200, answer.text);
    return answer.body;
  };
  const apply = (planId: string, besides: object = {}, headers = {}) =>
    api.ask<RunStarted & Problem>('POST', '/api/v1/tenants', { body: { planId, ...besides }, headers });
  const provisionings = `runs where kind = 'provisionTenant'`;
  const refusedAs = async (planId: string, code: string, besides: object = {}): Promise<[number, string[]]> => {
    // The tenants before this one may still be followed up: their invitations, their onboarding.
    const before = await count(provisionings);
    const { status, body } = await apply(planId, besides);
    assert.equal(body.code, code);
    assert.equal(await count(provisionings), before, 'nothing was begun');
    return [status, (body.fields ?? []).map(({ path, message }) => `${path} ${message}`)];
  };
  const sql = (text: string, values: unknown[] = []) =>
    api.installation.asAdmin<Record<string, unknown>>(null, text, values);
  const count = async (what: string) => Number((await sql(`select count(*) from ${what}`))[0]?.['count']);
  const stepOf = ({ steps }: TenantPlan, key: string) => steps.find((step) => step.key === key);

  /** What a provider's worker would see of a planned tenant. */
  async function contextOf({ planId }: TenantPlan, provider: string): Promise<PlantContext> {
    const [row] = await sql('select tenant_id, resource_ids from tenant_plans where id = $1', [planId]);
    const { installation } = api;
    const { id: installationId, keyring } = installation.platform.installation;
    const spec = {
      installationId,
      tenantId: row!['tenant_id'] as string,
      resourceId: (row!['resource_ids'] as Record<string, string>)[provider]!,
      runId: '00000000-0000-4000-8000-000000000001',
      epoch: 1,
      region: 'default',
      access: 'open' as const,
    };
    return { installation, spec, tag: writeTag(keyring, spec) };
  }

  it('creates the tenant with the ids that were shown, when it is applied within a quarter of an hour', async () => {
    const planned = await plan({ name: 'Acme Rockets', admin });
    assert.match(planned.hash, /^[0-9a-f]{64}$/);
    const minutes = (Date.parse(planned.expiresAt) - Date.now()) / 60_000;
    assert.ok(minutes > 14 && minutes <= 15.1, `${minutes}`);
    const { status, body } = await apply(planned.planId);
    assert.equal(status, 202, JSON.stringify(body));
    assert.equal(body.slug, planned.slug);
    assert.equal((await api.installation.runIsOver(body.runId)).state, 'succeeded');

    const { body: manifest } = await api.ask<Manifest>('GET', `/api/v1/tenants/${body.tenantId}/manifest`);
    const schema = manifest.resources.find(({ provider }) => provider === 'database')?.values['schema'];
    assert.ok(stepOf(planned, 'database')?.reason.includes(schema!), 'the schema has the name that was shown');
    const { body: tenant } = await api.ask('GET', `/api/v1/tenants/${body.tenantId}`);
    assert.deepEqual(tenant['admin'], admin);
  });

  it('creates one tenant although it is applied twice, one after the other or at once', async () => {
    const planned = await plan({ name: 'Only one' });
    const answers = await Promise.all(Array.from({ length: 8 }, () => apply(planned.planId)));
    answers.push(await apply(planned.planId));
    answers.push(await apply(planned.planId, {}, { 'idempotency-key': 'again' }));
    assert.ok(
      answers.every(({ status }) => status === 202),
      JSON.stringify(answers.map(({ body }) => body)),
    );
    assert.equal(new Set(answers.map(({ body }) => body.runId)).size, 1);
    assert.equal(await count(`tenants where name = 'Only one'`), 1);
  });

  it('creates one tenant although what moved since is what the other application of the same plan made', async () => {
    const { planId } = await plan({ name: 'Made meanwhile' });
    const [user] = await sql('select id from users where email = $1', [owner.email]);
    const { em, platform } = api.installation;
    const actor = { userId: user!['id'] as string, requestId: null };
    let other: RunStarted | undefined;
    const started = await applyPlan(planId, { planId }, actor, {
      em,
      keyring: platform.installation.keyring,
      keys: platform.tenantKeys,
      once: (work) => em.fork().transactional(work),
      async ask({ resources }) {
        other = (await apply(planId)).body;
        return resources.map(({ provider }) => ({ provider, action: 'unchanged', reason: 'It is there.' }));
      },
    });
    assert.ok(other);
    assert.deepEqual([started.runId, started.tenantId], [other.runId, other.tenantId]);
  });

  it('refuses fields beside the plan that are not what was planned, and takes those that are', async () => {
    const planned = await plan({ name: 'Beside', labels: { a: 'b' }, admin });
    assert.deepEqual(await refusedAs(planned.planId, 'plan_differs', { name: 'Other', plan: 'gold', labels: {} }), [
      422,
      ['name is not what was planned', 'labels is not what was planned', 'plan is not what was planned'],
    ]);
    const same = { name: 'Beside', slug: 'beside', plan: 'standard', region: 'default', labels: { a: 'b' }, admin };
    assert.equal((await apply(planned.planId, same)).status, 202);
  });

  it('refuses when address or external id were taken meanwhile, and offers free addresses', async () => {
    const planned = await plan({ name: 'Late', externalId: 'crm-late' });
    await api.installation.createTenant({ name: 'Faster', slug: 'late' });
    assert.deepEqual(await refusedAs(planned.planId, 'plan_outdated'), [409, ['slug is taken now']]);
    assert.deepEqual((await apply(planned.planId)).body.suggestions, ['late-2', 'late-3', 'late-4']);

    const other = await plan({ name: 'Later', externalId: 'crm-late' });
    await api.installation.createTenant({ name: 'Fastest', externalId: 'crm-late' });
    assert.deepEqual(await refusedAs(other.planId, 'plan_outdated'), [409, ['externalId is taken now']]);
  });

  it('refuses when its plan was moved to another version of the blueprint, step by step', async () => {
    const post = (path: string, body: object) => api.ask('POST', path, { body });
    const [database, realm] = ['database', 'realm'].map((provider) => ({
      kind: 'resource',
      key: provider,
      provider,
      title: `Create ${provider}`,
    }));
    await post('/api/v1/blueprints/moving/versions', { baseVersion: 0, steps: [database] });
    await post('/api/v1/blueprints/moving/versions', {
      baseVersion: 1,
      steps: [{ ...database, title: 'Make database' }, realm],
    });
    await post('/api/v1/plans', { name: 'moving', title: 'Moving', blueprint: { name: 'moving', version: 1 } });
    const planned = await plan({ name: 'Moved', plan: 'moving' });
    await api.ask('PATCH', '/api/v1/plans/moving', { body: { expectedVersion: 1, blueprintVersion: 2 } });
    assert.deepEqual(await refusedAs(planned.planId, 'plan_outdated'), [
      409,
      [
        'blueprint is moving v2 now; it was moving v1',
        'steps.database is "Make database" now; it was "Create database"',
        'steps.realm is new: Create realm',
      ],
    ]);
    const anew = await plan({ name: 'Moved', plan: 'moving', planId: planned.planId });
    assert.equal((await apply(anew.planId)).body.blueprint?.version, 2);
  });

  for (const kind of ['database', 'storage'] as const)
    it(`refuses when something foreign has the name of its ${kind} now, and leaves it alone`, async () => {
      const planned = await plan({ name: `Foreign ${kind}` });
      const context = await contextOf(planned, kind);
      await Object.values(plantings[kind].foreign)[0]!(context);
      const before = await plantings[kind].snapshot(context);
      const [status, fields] = await refusedAs(planned.planId, 'plan_outdated');
      assert.equal(status, 409);
      assert.match(fields.join(), new RegExp(`^steps.${kind} conflict now: .* It was create: `));

      const anew = await plan({ name: `Foreign ${kind}`, planId: planned.planId });
      assert.equal(stepOf(anew, kind)?.action, 'conflict');
      assert.equal((await refusedAs(anew.planId, 'resource_conflict'))[0], 409);
      assert.deepEqual(await plantings[kind].snapshot(context), before);
    });

  it('adopts what carries our tag for its very resource, once that was shown', async () => {
    const planned = await plan({ name: 'Adopting' });
    const context = await contextOf(planned, 'database');
    await plantings.database.halves['only its schema']!(context);
    assert.match((await refusedAs(planned.planId, 'plan_outdated'))[1].join(), /steps.database adopt now: /);

    const anew = await plan({ name: 'Adopting', planId: planned.planId });
    assert.equal(anew.planId, planned.planId);
    assert.equal(stepOf(anew, 'database')?.action, 'adopt');
    const { body } = await apply(anew.planId);
    assert.equal((await api.installation.runIsOver(body.runId)).state, 'succeeded');
    assert.equal(body.tenantId, context.spec.tenantId);
  });

  it('refuses what has expired, tells nobody of the plans of others, and clears both away', async () => {
    const planned = await plan({ name: 'Slow', admin });
    const { cookie } = await personWith(api.installation, [{ role: 'owner' }]);
    const foreign = await api.ask<Problem>('POST', '/api/v1/tenants', { body: { planId: planned.planId }, cookie });
    assert.deepEqual([foreign.status, foreign.body.code], [404, 'not_found']);

    await sql(`update tenant_plans set expires_at = now() where id = $1`, [planned.planId]);
    assert.equal((await refusedAs(planned.planId, 'plan_expired'))[0], 410);
    await sql(`update tenant_plans set expires_at = now() - interval '2 hours' where id = $1`, [planned.planId]);
    assert.equal(await purgePlans(api.installation.em), 1);
    assert.equal((await refusedAs(planned.planId, 'not_found'))[0], 404);
    assert.equal(
      (await count(`tenant_plans where applied_run_id is not null`)) > 0,
      true,
      'applied ones are kept longer',
    );
  });

  it('keeps nobody in the clear', async () => {
    await plan({ name: 'Kept', admin });
    const [row] = await sql(
      `select string_agg(p::text || encode(sealed, 'escape'), ' ') as everything from tenant_plans p`,
    );
    assert.doesNotMatch(String(row!['everything']), /secret\.admin|Secret Admin/);
  });

  it('counts what became of plans', async () => {
    const counted = await registry.getSingleMetricAsString('tenantry_tenant_plans_total');
    for (const outcome of ['made', 'applied', 'plan_outdated', 'plan_expired'])
      assert.match(counted, new RegExp(`outcome="${outcome}"`));
  });

  it('still needs a name when there is no plan', async () => {
    const { status, body } = await api.ask<Problem>('POST', '/api/v1/tenants', { body: { slug: 'x!' } });
    assert.equal(status, 400);
    assert.deepEqual(body.fields?.map(({ path }) => path).sort(), ['name', 'slug']);
  });
});
