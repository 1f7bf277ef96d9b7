import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { things } from '#api/mounting/admission/targets.ts';
import type { AnyRoute } from '#api/route.ts';
import { routeTable } from '#api/routeTable.ts';
import { permissions, type Scope } from '#contracts/permissions.ts';
import type { Problem } from '#contracts/problems.ts';
import { startSession } from '#domain/people/sessions.ts';
import { ApiInstallation, type Answer, type Asking } from '../apiInstallation.ts';
import type { OperationId } from '../cases/routeCases.ts';
import { personWith } from '../personWith.ts';
import { tenantWithBelongings, type Belongings } from './twoTenants.ts';

/**
 * D12: whoever is somebody in one tenant (or for one plan) only, against every route that runs, with the ids of another tenant
 * wherever an id can stand. The cases are made from the routes: a new one is asked too, and one whose ids are not known here fails.
 */
const routes = (Object.entries(routeTable) as [OperationId, AnyRoute][]).filter(
  ([, { permission }]) => !['public', 'worker', 'portal'].includes(permission),
);
const isAboutAThing = ({ scope, params }: AnyRoute): boolean =>
  scope !== undefined && scope in things && params !== undefined;
const unknownId = () => randomUUID();

/** Not ids of a tenant's things: names of what is no tenant's. */
const names: Record<string, string> = {
  plan: 'standard',
  name: 'standard',
  version: '1',
  provider: 'database',
  product: 'suite',
  kid: 'a'.repeat(43),
  role: 'auditor',
  schedule: 'applyRetention',
  report: 'usage',
  act: 'erase_tenant',
  item: 'mail_domain',
  signUpId: '00000000-0000-4000-8000-000000000000',
  arrivalId: '00000000-0000-4000-8000-000000000000',
};

/** Where only a valid body comes as far as to whose it is. */
const bodies: Partial<Record<OperationId, object>> = {
  decideApproval: { verdict: 'refuse', note: 'x' },
  skipOnboardingItem: { reason: 'x' },
};

/** Fields by which a query or a body can name a thing of a tenant. */
const idFields = ['tenantId', 'runId', 'taskId', 'findingId', 'stepId'];
const fieldsOf = (schema: z.ZodType | undefined): string[] =>
  schema && 'shape' in schema ? Object.keys(schema.shape as object) : [];

describe('people and keys of one tenant, on every route', () => {
  let api: ApiInstallation;
  let ours: Belongings;
  let theirs: Belongings;
  const people: Record<'tenant' | 'plan', string> = { tenant: '', plan: '' };
  const keys: Record<'tenant' | 'plan', string> = { tenant: '', plan: '' };
  /** A session of its own for each question: some routes end it. */
  const asPerson = async (userId: string): Promise<Asking> => ({
    cookie: `tenantry=${(await startSession(api.installation.em, userId)).token}`,
  });
  /** Of the platform's owner, and limited to one tenant or plan. */
  const asKey = (key: string): Asking => ({ cookie: null, headers: { authorization: `Bearer ${key}` } });
  const askers = {
    'an owner of one tenant': () => asPerson(people.tenant),
    'an owner of one plan': () => asPerson(people.plan),
    'an API key for one tenant': async () => asKey(keys.tenant),
    'an API key for one plan': async () => asKey(keys.plan),
  };
  const everyAsker = () => Promise.all(Object.values(askers).map((asker) => asker()));

  before(async () => {
    api = await ApiInstallation.start();
    await api.installation.addPlan('other', [{ kind: 'resource', provider: 'database', title: 'Create the database' }]);
    ours = await tenantWithBelongings(api, 'standard');
    theirs = await tenantWithBelongings(api, 'other');
    const { tenantId } = ours.ids as { tenantId: string };
    people.tenant = (
      await personWith(api.installation, [{ role: 'owner', scope: { kind: 'tenant', tenantId } }])
    ).userId;
    people.plan = (
      await personWith(api.installation, [{ role: 'owner', scope: { kind: 'plan', plan: 'standard' } }])
    ).userId;
    const keyFor = async (scope: Scope) =>
      (await api.ask<{ key: string }>('POST', '/api/v1/api-keys', { body: { name: 'Pipeline', permissions, scope } }))
        .body.key;
    keys.tenant = await keyFor({ kind: 'tenant', tenantId });
    keys.plan = await keyFor({ kind: 'plan', plan: 'standard' });
  });
  after(() => api.stop());

  const pathOf = (route: AnyRoute, ids: Record<string, string>): string =>
    route.path.replace(/\{(\w+)\}/g, (_whole, name: string) => {
      const id = ids[name] ?? names[name] ?? (name in accountIds ? unknownId() : undefined);
      assert.ok(id, `the test knows no ${name} of another tenant: add it to twoTenants.ts`);
      return id;
    });
  /** Things of people, whoever they are: no tenant has them. Who asks for another person's is told that there is none. */
  const accountIds = { userId: true, targetId: true, tokenId: true, sessionId: true, passkeyId: true, importId: true };
  const ask = (
    id: OperationId,
    route: AnyRoute,
    ids: Record<string, string>,
    who: Asking,
    search = '',
  ): Promise<Answer> =>
    api.ask(route.method.toUpperCase(), pathOf(route, ids) + search, {
      ...who,
      ...('body' in route && route.body ? { body: { ...bodies[id], ...bodyOf(route, ids) } } : {}),
    });
  const bodyOf = (route: AnyRoute, ids: Record<string, string>): Record<string, string> =>
    Object.fromEntries(
      fieldsOf('body' in route ? (route.body as z.ZodType) : undefined)
        .filter((field) => idFields.includes(field))
        .map((field) => [field, ids[field]!]),
    );
  const namesOneOfTheirs = ({ path }: AnyRoute): boolean =>
    [...path.matchAll(/\{(\w+)\}/g)].some(([, name]) => name! in theirs.ids);
  const withoutIds = ({ status, body }: Answer): unknown => {
    const { requestId: _requestId, ...problem } = (body ?? {}) as unknown as Problem;
    return { answered: status, ...problem };
  };
  /** Whatever of the other tenant could have been changed. */
  const stateOfTheirs = async (): Promise<unknown> =>
    api.installation.asAdmin(
      null,
      `select md5(string_agg(row, '' order by row)) as digest from (
         select t::text as row from tenants t where id = '${theirs.ids['tenantId']}'
         union all select r::text from runs r where tenant_id = '${theirs.ids['tenantId']}'
         union all select s::text from run_steps s where run_id = '${theirs.ids['runId']}'
         union all select k::text from tasks k where tenant_id = '${theirs.ids['tenantId']}'
         union all select f::text from drift_findings f where tenant_id = '${theirs.ids['tenantId']}'
         union all select l::text from licenses l where tenant_id = '${theirs.ids['tenantId']}'
         union all select u::text from license_uses u where tenant_id = '${theirs.ids['tenantId']}'
         union all select n::text from license_renewals n where tenant_id = '${theirs.ids['tenantId']}'
         union all select a::text from role_assignments a where scope_id = '${theirs.ids['tenantId']}') as all_rows`,
    );
  const assertSilent = (answer: Answer): void =>
    assert.ok(!JSON.stringify([answer.text, answer.headers]).includes(theirs.canary), answer.text.slice(0, 500));

  for (const [id, route] of routes)
    for (const [name, asker] of Object.entries(askers))
      it(`${id}: ${name} meets nothing of another`, async () => {
        const who = await asker();
        const before = await stateOfTheirs();
        const foreign = await ask(id, route, theirs.ids, who);
        assertSilent(foreign);
        if (route.people && name.includes('key')) assert.equal(foreign.status, 403, foreign.text);
        else if (isAboutAThing(route)) {
          assert.equal(foreign.status, 404, foreign.text);
          const nobodys = Object.fromEntries(Object.keys(theirs.ids).map((name) => [name, unknownId()]));
          assert.deepEqual(
            withoutIds(foreign),
            withoutIds(await ask(id, route, nobodys, who)),
            'it tells that it exists',
          );
          const own = await ask(id, route, ours.ids, who, '?nonsense=1');
          assert.ok(![403, 404].includes(own.status), `${own.status}: what is theirs is theirs`);
        } else if (namesOneOfTheirs(route)) assert.ok([403, 404].includes(foreign.status), foreign.text);
        else if (route.permission !== 'signed-in' && !route.scope) assert.equal(foreign.status, 403, foreign.text);
        else if (route.scope === 'plan' || (route.scope === 'tenant' && !route.params))
          assert.ok(foreign.status >= 400, foreign.text);
        assert.deepEqual(await stateOfTheirs(), before, 'something of the other tenant was changed');
      });

  describe('asked for lists', () => {
    const lists = routes.filter(([, route]) => route.method === 'get' && 'success' in route && !route.params);

    for (const [id, route] of lists)
      it(`${id}: shows nothing of another tenant, whatever the query names`, async () => {
        const byOwner = await api.ask<{ nextCursor?: string }>(
          'GET',
          `${route.path}${fieldsOf(route.query).includes('limit') ? '?limit=1' : ''}`,
        );
        const searches = [
          '',
          ...fieldsOf(route.query)
            .filter((field) => idFields.includes(field))
            .map((field) => `?${field}=${theirs.ids[field]}`),
          ...['q', 'search']
            .filter((field) => fieldsOf(route.query).includes(field))
            .map((field) => `?${field}=${theirs.canary}`),
          ...(fieldsOf(route.query).includes('plan') ? ['?plan=other'] : []),
          ...(byOwner.body?.nextCursor ? [`?cursor=${encodeURIComponent(byOwner.body.nextCursor)}`] : []),
        ];
        for (const search of searches)
          for (const who of await everyAsker()) {
            const answer = await api.ask('GET', route.path + search, who);
            assertSilent(answer);
            assert.ok(!answer.text.includes(theirs.ids['tenantId']!), answer.text.slice(0, 300));
          }
      });

    it('are not empty: what is theirs is there', async () => {
      for (const id of ['listTenants', 'listRuns', 'listTasks', 'listDriftFindings', 'listLicenses'] as const)
        for (const who of await everyAsker()) {
          const { text } = await api.ask('GET', routeTable[id].path, who);
          assert.ok(text.includes(ours.canary), `${id}: ${text.slice(0, 200)}`);
        }
    });
  });

  it('makes tenants of its own plan only, and of none when it is for one tenant', async () => {
    const create = async (who: Asking, plan: string) =>
      (await api.ask<Problem>('POST', '/api/v1/tenants', { ...who, body: { name: 'New', plan } })).body.code ?? 'made';
    for (const [name, asker] of Object.entries(askers)) {
      const ofOwn = name.endsWith('plan') ? 'made' : 'forbidden';
      assert.equal(await create(await asker(), 'standard'), ofOwn, name);
      assert.equal(await create(await asker(), 'other'), 'forbidden', name);
    }
  });

  it("gives nobody the answer that was kept for another's idempotency key", async () => {
    const headers = { 'Idempotency-Key': 'shared-by-accident' };
    const body = { name: `Kept ${theirs.canary}`, plan: 'other' };
    const made = await api.ask('POST', '/api/v1/tenants', { headers, body });
    assert.equal(made.status, 202);
    for (const who of await everyAsker()) {
      const answer = await api.ask('POST', '/api/v1/tenants', {
        ...who,
        headers: { ...who.headers, ...headers },
        body,
      });
      assert.equal(answer.status, 403);
      assert.ok(!answer.text.includes(String(made.body['tenantId'])));
    }
  });

  it('may ask about a tenant by every route that names one in its path, and declares what it is about', () => {
    for (const [id, route] of routes) {
      const named = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
      const ofTenant = named.filter((name) => ['tenantId', 'runId', 'taskId'].includes(name));
      if (ofTenant.length > 0)
        assert.ok(route.scope && route.scope in things, `${id} names a ${ofTenant[0]} and has no scope`);
    }
  });
}).timeout(30_000);
