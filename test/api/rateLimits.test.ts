import assert from 'node:assert/strict';
import { registry } from '#observability/metrics.ts';
import { ApiInstallation, type Answer } from './apiInstallation.ts';

const { TENANTRY_RATE_ADDRESS, ...quotas } = {
  TENANTRY_RATE_ADDRESS: '60/60',
  TENANTRY_RATE_USER: '20/60',
  TENANTRY_RATE_TENANT: '5/60',
};

describe('how often somebody may ask', () => {
  let api: ApiInstallation;
  let active: { tenantId: string; slug: string };
  before(async () => {
    api = await ApiInstallation.start((same) => ({ ...same, trustedProxies: 1 }), { ...quotas, TENANTRY_RATE_ADDRESS });
    await api.installation.startWorker();
    active = await api.installation.provision({ name: 'Asked about' });
  });
  after(() => api.stop());

  /** Each test comes from an address of its own. */
  let address = '';
  let count = 0;
  beforeEach(() => (address = `192.0.2.${++count}`));
  const from = (path: string, asking = {}): Promise<Answer> =>
    api.ask('GET', path, { headers: { 'x-forwarded-for': address }, ...asking });
  const leftOf = (answer: Answer, name: string): number =>
    Number(new RegExp(`"${name}";r=(\\d+)`).exec(String(answer.headers['ratelimit']))?.[1]);

  it('every answer says how its caller stands, refusals too', async () => {
    const cookie = await api.signIn();
    const good = await from('/api/v1/session', { cookie });
    assert.equal(good.headers['ratelimit-policy'], '"address";q=60;w=60, "user";q=20;w=60');
    assert.match(String(good.headers['ratelimit']), /^"address";r=59;t=1, "user";r=\d+;t=\d+$/);
    const nobody = await from('/api/v1/session', { cookie: null });
    assert.equal(nobody.status, 401);
    assert.equal(nobody.headers['ratelimit-policy'], '"address";q=60;w=60');
    const nowhere = await from('/api/v1/nothing/here');
    assert.equal(nowhere.status, 404);
    assert.equal(leftOf(nowhere, 'address'), 57);
  });

  it('an address that asks too often is refused before anything else is looked at, and others are not', async () => {
    for (let i = 0; i < 60; i++) await from('/api/v1/nothing', { cookie: null });
    const refused = await from('/api/v1/session', { cookie: null });
    assert.equal(refused.status, 429);
    assert.equal((refused.body as { code?: string }).code, 'too_many_requests');
    assert.equal(refused.headers['retry-after'], '1');
    assert.equal(leftOf(refused, 'address'), 0);
    address = '192.0.2.250';
    assert.equal((await from('/api/v1/session', { cookie: null })).status, 401);
  });

  it('probes and pages are not counted', async () => {
    for (let i = 0; i < 70; i++) assert.equal((await from('/health/live', { cookie: null })).status, 200);
    assert.equal((await from('/health/live', { cookie: null })).headers['ratelimit'], undefined);
  });

  it('what is asked about one tenant is counted from all who may ask, and from nobody else', async () => {
    const path = `/api/v1/tenants/${active.tenantId}`;
    for (let i = 0; i < 8; i++) assert.equal((await from(path, { cookie: null })).status, 401);
    const first = await from(path);
    assert.equal(leftOf(first, 'tenant'), 4);
    const answers = await Promise.all(Array.from({ length: 6 }, () => from(path)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 4);
    const refused = answers.find(({ status }) => status === 429)!;
    assert.equal(refused.headers['retry-after'], '12'); // a fifth of a minute gives one back
  });

  it('a person is counted over all sessions and addresses', async () => {
    const answers: Answer[] = [];
    for (let i = 0; i < 25; i++) {
      address = `198.51.100.${i}`;
      answers.push(await from('/api/v1/plans'));
    }
    const refused = answers.filter(({ status }) => status === 429);
    assert.ok(refused.length >= 5, `${refused.length} were refused`);
    assert.match(await registry.metrics(), /tenantry_requests_refused_by_rate_total\{by="user"\} [1-9]/);
  });
});
