import assert from 'node:assert/strict';
import type { ApiKey, IssuedApiKey } from '#contracts/access/apiKeys.ts';
import type { AnyRoute } from '#api/route.ts';
import { routeTable } from '#api/routeTable.ts';
import { startApi, type RunningApi } from '#api/server.ts';
import { hashOfToken, newToken } from '#domain/secrets/tokens.ts';
import { createLogger } from '#observability/logging.ts';
import { ApiInstallation, ask, type Answer, type Asking } from '../apiInstallation.ts';
import { makeKey, withKey } from '../cases/apiKeyCases.ts';
import { personWith, type TestPerson } from '../personWith.ts';

const keys = '/api/v1/api-keys';

describe('an API key', () => {
  let api: ApiInstallation;
  let other: RunningApi;
  let tenants: { tenantId: string }[];
  before(async () => {
    api = await ApiInstallation.start();
    const logger = createLogger('test', { level: 'fatal', pretty: false });
    other = await startApi(api.installation.configuration, { logger });
    await api.installation.startWorker();
    tenants = await Promise.all(['One', 'Two'].map((name) => api.installation.provision({ name })));
  });
  after(async () => {
    await other?.stop();
    await api?.stop();
  });

  const by = (key: string, method: string, path: string, asking: Asking = {}): Promise<Answer> =>
    ask(api.url, method, path, { ...asking, headers: { ...withKey(key).headers, ...asking.headers } });
  const as = (person: TestPerson, method: string, path: string, asking: Asking = {}): Promise<Answer> =>
    api.ask(method, path, { cookie: person.cookie, ...asking });
  const codeOf = ({ body }: Answer) => (body as { code?: string }).code;

  it('does what it was given, and nothing else that its owner may', async () => {
    const { key } = await makeKey(api, { permissions: ['plans:read'] });
    assert.equal((await by(key, 'GET', '/api/v1/plans')).status, 200);
    assert.equal(codeOf(await by(key, 'GET', '/api/v1/tenants')), 'forbidden');
    assert.equal(codeOf(await by(key, 'POST', '/api/v1/tenants', { body: { name: 'x' } })), 'forbidden');
  });

  it('of one tenant sees that tenant alone', async () => {
    const [mine, theirs] = tenants.map(({ tenantId }) => tenantId);
    const { key } = await makeKey(api, {
      permissions: ['tenants:read', 'runs:read'],
      scope: { kind: 'tenant', tenantId: mine! },
    });
    assert.equal((await by(key, 'GET', `/api/v1/tenants/${mine}`)).status, 200);
    assert.equal(codeOf(await by(key, 'GET', `/api/v1/tenants/${theirs}`)), 'not_found');
    const { body } = await by(key, 'GET', '/api/v1/tenants');
    assert.deepEqual(
      (body['items'] as { id: string }[]).map(({ id }) => id),
      [mine],
    );
  });

  it('counts, and the cookie beside it does not', async () => {
    const { key } = await makeKey(api, { permissions: ['plans:read'] });
    const withBoth = { cookie: api.cookie };
    assert.equal(codeOf(await by(key, 'GET', '/api/v1/tenants', withBoth)), 'forbidden');
    assert.equal(codeOf(await by(newToken('apiKey'), 'GET', '/api/v1/plans', withBoth)), 'unauthenticated');
    assert.equal(codeOf(await by(`${key}x`, 'GET', '/api/v1/plans', withBoth)), 'unauthenticated');
  });

  it('needs no proof of origin, and is refused to pages of other origins', async () => {
    const { key } = await makeKey(api, { permissions: ['runs:decide'] });
    const path = '/api/v1/runs/decide-parked';
    const asking = { body: { decision: 'retry', runIds: [] } };
    assert.notEqual(codeOf(await by(key, 'POST', path, asking)), 'cross_origin');
    const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
    const route = Object.values<AnyRoute>(routeTable).find(({ method }) => method === 'post')!;
    assert.equal(codeOf(await by(key, 'POST', route.path, { ...asking, headers })), 'cross_origin');
  });

  it('is refused wherever people, their credentials and roles are concerned', async () => {
    const { key } = await makeKey(api, { permissions: ['people:manage', 'roles:assign', 'api-keys:create'] });
    const aboutPeople =
      /^\/api\/v1\/(?:session|account|people|roles|role-assignments|api-keys|approvals|support)(?:\/|$)/;
    // What a key asks about itself, and that it may ask people to approve what it is about to do.
    const forPrograms = new Set([
      'readOwnApiKey', 'listApprovals', 'requestApproval', 'readApproval', 'withdrawApproval',
    ]); // prettier-ignore
    const unflagged: string[] = [];
    for (const [id, route] of Object.entries<AnyRoute>(routeTable)) {
      const { permission, people = permission === 'signed-in' } = route;
      if (permission === 'public' || forPrograms.has(id)) continue;
      if (!people) {
        const isReading = route.method === 'get' && permission.endsWith(':read');
        if (aboutPeople.test(route.path) && !isReading) unflagged.push(`${id} ${route.path}`);
        continue;
      }
      const path = route.path.replace(/\{\w+\}/g, '019a0000-0000-7000-8000-000000000000');
      const answer = await by(key, route.method.toUpperCase(), path, route.method === 'get' ? {} : { body: {} });
      assert.equal(codeOf(answer), 'key_not_allowed', id);
    }
    assert.deepEqual(unflagged, []);
  });

  it('tells what it may do itself', async () => {
    const { key, id } = await makeKey(api, { permissions: ['plans:read'], perSecond: 7 });
    const { body } = await by(key, 'GET', `${keys}/self`);
    assert.partialDeepStrictEqual(body, { id, permissions: ['plans:read'], perSecond: 7, scope: { kind: 'platform' } });
    assert.equal(codeOf(await api.ask('GET', `${keys}/self`)), 'not_found');
  });

  it('is held to its own rate', async () => {
    const { key } = await makeKey(api, { perSecond: 2 });
    const answers = [];
    for (let i = 0; i < 4; i++) answers.push(await by(key, 'GET', '/api/v1/plans'));
    assert.match(String(answers[0]!.headers['ratelimit-policy']), /"key";q=2;w=1$/);
    const refused = answers.find(({ status }) => status === 429);
    assert.equal(codeOf(refused!), 'too_many_requests');
    assert.equal(refused!.headers['retry-after'], '1');
  });

  it('is in the log, the registry and the events of what it did by its id, and never itself', async () => {
    const { key, id, owner } = await makeKey(api, { permissions: ['tenants:update'] });
    const { tenantId } = tenants[0]!;
    const changed = await by(key, 'PATCH', `/api/v1/tenants/${tenantId}`, { body: { name: 'Renamed by a key' } });
    assert.equal(changed.status, 200, changed.text);
    const [event] = await api.installation.asAdmin<{ actor_kind: string; actor_id: string; key_id: string }>(
      null,
      'select actor_kind, actor_id, key_id from events where tenant_id = $1 order by id desc limit 1',
      [tenantId],
    );
    assert.deepEqual(event, { actor_kind: 'key', actor_id: owner.id, key_id: id });
    const [row] = await api.installation.asAdmin<{ text: string; key_hash: Buffer }>(
      null,
      'select k::text as text, key_hash from api_keys k where id = $1',
      [id],
    );
    assert.ok(!row!.text.includes(key.slice(4, 26)));
    assert.deepEqual(row!.key_hash, hashOfToken(key));
    assert.ok(!api.logLines.join('').includes(key.slice(4, 26)));
  });

  it('shows when it was last used, to the minute', async () => {
    const { key, id } = await makeKey(api);
    const lastUsed = async () => (await api.ask<ApiKey>('GET', `${keys}/${id}`)).body.lastUsedAt;
    assert.equal(await lastUsed(), null);
    await by(key, 'GET', '/api/v1/plans');
    const at = await lastUsed();
    assert.ok(at && Date.now() - Date.parse(at) < 5_000);
    await by(key, 'GET', '/api/v1/plans');
    assert.equal(await lastUsed(), at);
  });

  describe('and what its owner may', () => {
    it('nobody makes one that may more than they may themselves, there', async () => {
      const [mine, theirs] = tenants.map(({ tenantId }) => tenantId);
      const person = await personWith(api.installation, [
        { role: 'operator', scope: { kind: 'tenant', tenantId: mine! } },
      ]);
      const make = (permissions: string[], scope: object) =>
        as(person, 'POST', keys, { body: { name: 'x', permissions, scope } });
      assert.equal((await make(['tenants:read'], { kind: 'tenant', tenantId: mine })).status, 201);
      assert.equal(codeOf(await make(['tenants:delete'], { kind: 'tenant', tenantId: mine })), 'key_exceeds_yours');
      assert.equal(codeOf(await make(['tenants:read'], { kind: 'platform' })), 'key_exceeds_yours');
      const unseen = await make(['tenants:read'], { kind: 'tenant', tenantId: theirs });
      const missing = await make(['tenants:read'], {
        kind: 'tenant',
        tenantId: '019a0000-0000-7000-8000-000000000000',
      });
      const plan = await make(['tenants:read'], { kind: 'plan', plan: 'no-such-plan' });
      for (const answer of [unseen, missing, plan]) assert.equal(codeOf(answer), 'key_exceeds_yours');
      assert.equal(unseen.body['detail'], missing.body['detail']);
    });

    it('it may no more once its owner may no more', async () => {
      const person = await personWith(api.installation, [{ role: 'operator' }]);
      const body = { name: 'x', permissions: ['tenants:read', 'plans:read'] };
      const { key } = (await as(person, 'POST', keys, { body })).body as unknown as IssuedApiKey;
      assert.equal((await by(key, 'GET', '/api/v1/plans')).status, 200);
      await endByRows(`delete from role_assignments where user_id = '${person.userId}'`);
      await within(1_000, async () => codeOf(await by(key, 'GET', '/api/v1/plans')) === 'forbidden');
    });

    it('it opens nothing once its owner is disabled, and shows so', async () => {
      const person = await personWith(api.installation, [{ role: 'operator' }]);
      const made = await as(person, 'POST', keys, { body: { name: 'x', permissions: ['plans:read'] } });
      const { key, id } = made.body as unknown as IssuedApiKey;
      assert.equal((await by(key, 'GET', '/api/v1/plans')).status, 200);
      await endByRows(`update users set disabled_at = now() where id = '${person.userId}'`);
      await within(1_000, async () => (await by(key, 'GET', '/api/v1/plans')).status === 401);
      assert.equal((await api.ask<ApiKey>('GET', `${keys}/${id}`)).body.state, 'dormant');
    });

    it('others neither see nor end it, but for who manages all keys', async () => {
      const { id } = await makeKey(api);
      const person = await personWith(api.installation, [{ role: 'operator' }]);
      for (const [method, path] of [
        ['GET', `${keys}/${id}`],
        ['DELETE', `${keys}/${id}`],
        ['POST', `${keys}/${id}/rotate`],
      ] as const)
        assert.equal(
          codeOf(await as(person, method, path, method === 'POST' ? { body: {} } : {})),
          'not_found',
          method,
        );
      assert.equal(codeOf(await as(person, 'GET', `${keys}?of=everybody`)), 'forbidden');
      assert.deepEqual((await as(person, 'GET', keys)).body, { items: [] });

      const admin = await personWith(api.installation, [{ role: 'admin' }]);
      const all = (await as(admin, 'GET', `${keys}?of=everybody`)).body['items'] as ApiKey[];
      assert.ok(all.some((key) => key.id === id));
      // A new key of the owner's in an admin's hands would act for the owner.
      assert.equal(codeOf(await as(admin, 'POST', `${keys}/${id}/rotate`, { body: {} })), 'not_found');
      assert.equal((await as(admin, 'DELETE', `${keys}/${id}`)).status, 204);
    });
  });

  /** As a process does that dies right after its commit: the rows change, and nobody is told. */
  async function endByRows(text: string): Promise<void> {
    await api.installation.asAdmin(
      null,
      `with ended as (${text} returning 1) update access_epoch set epoch = epoch + 1`,
    );
  }

  async function within(ms: number, isSo: () => Promise<boolean>): Promise<void> {
    await api.installation.until('it to be so', ms, isSo);
  }
});
