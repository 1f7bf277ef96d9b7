import assert from 'node:assert/strict';
import type { Problem } from '#contracts/problems.ts';
import type { Ready } from '#api/readiness.ts';
import { assertInTime } from '#test/run/patience.ts';
import { ApiInstallation, insides, type Answer } from './apiInstallation.ts';
import { TcpProxy } from './tcpProxy.ts';

describe('when something that the API depends on is away', () => {
  let api: ApiInstallation;
  let database: TcpProxy;
  let temporal: TcpProxy;

  before(async () => {
    const hostOf = (address: string): [string, number] => {
      const url = new URL(address.includes('://') ? address : `tcp://${address}`);
      return [url.hostname, Number(url.port)];
    };
    database = await TcpProxy.to(...hostOf(process.env['TEST_ADMIN_DATABASE_URL']!));
    temporal = await TcpProxy.to(...hostOf(process.env['TEST_TEMPORAL_ADDRESS']!));
    api = await ApiInstallation.start((configuration) => {
      const url = new URL(configuration.appDatabaseUrl);
      url.host = `127.0.0.1:${database.port}`;
      return {
        ...configuration,
        appDatabaseUrl: url.toString(),
        temporal: { ...configuration.temporal, address: `127.0.0.1:${temporal.port}` },
      };
    });
  });
  after(async () => {
    database.become('open');
    temporal.become('open');
    await api.stop();
    await Promise.all([database.stop(), temporal.stop()]);
  });
  afterEach(async () => {
    database.become('open');
    temporal.become('open');
    await readyAgain();
  });

  const ready = (): Promise<Answer<Ready>> => api.ask('GET', '/health/ready', { cookie: null });
  const readyAgain = () =>
    api.installation.until('the API to be ready again', 30_000, async () => (await ready()).status === 200);
  const turns = (what: Partial<Ready>) =>
    api.installation.until(`readiness to say ${JSON.stringify(what)}`, 10_000, async () => {
      const { status, body } = await ready();
      return status === 503 && Object.entries(what).every(([name, state]) => body[name as keyof Ready] === state);
    });
  const assertDown = (answer: Answer<unknown>): void => {
    const problem = answer.body as Problem;
    assert.equal(answer.status, 503, answer.text);
    assert.equal(problem.code, 'dependency_down');
    assert.equal(answer.headers['retry-after'], '2');
    assert.doesNotMatch(answer.text, insides);
  };

  for (const weather of ['refusing', 'silent'] as const) {
    it(`without PostgreSQL (${weather}): says so, answers 503 in time, lives on and recovers by itself`, async () => {
      assert.equal((await ready()).status, 200);
      database.become(weather);
      await turns({ ready: false, database: 'down', temporal: 'up' });
      const begun = performance.now();
      const answers = await Promise.all([
        api.ask('GET', '/api/v1/tenants'),
        api.ask('POST', '/api/v1/tenants', { body: { name: 'Lost' } }),
        api.ask('POST', '/api/v1/session', { body: { email: 'a@example.org', password: 'x' } }),
        api.ask('GET', '/api/v1/portals/abc', { cookie: null }),
      ]);
      assertInTime(performance.now() - begun, 15_000, 'the answers');
      for (const answer of answers) assertDown(answer);
      assert.equal((await api.ask('GET', '/health/live')).status, 200);
      assert.equal((await api.ask('GET', '/openapi.json')).status, 200);
      database.become('open');
      await readyAgain();
      assert.equal((await api.ask('GET', '/api/v1/tenants')).status, 200);
    });

    it(`without Temporal (${weather}): accepts tenants, reads everything, and says that plans must wait`, async () => {
      temporal.become(weather);
      await turns({ ready: false, database: 'up', temporal: 'down', worker: 'unknown' });
      const begun = performance.now();
      const created = await api.ask('POST', '/api/v1/tenants', { body: { name: `Accepted while ${weather}` } });
      assert.equal(created.status, 202, created.text);
      assertInTime(performance.now() - begun, 4_500, 'the answer');
      assert.equal(
        (await api.ask('GET', `/api/v1/tenants/${String(created.body['tenantId'])}`)).body['state'],
        'provisioning',
      );
      const cancelled = await api.ask('POST', `/api/v1/runs/${String(created.body['runId'])}/cancel`);
      assert.equal(cancelled.status, 202);
      assert.ok(cancelled.body['cancelRequestedAt']);
      assertDown(await api.ask('POST', '/api/v1/tenants/plan', { body: { name: 'x' } }));
      temporal.become('open');
      await readyAgain();
    });
  }

  it('without a worker: is ready, says that none polls, and refuses to plan', async () => {
    assert.equal((await ready()).body.worker, 'absent');
    const answer = await api.ask<Problem>('POST', '/api/v1/tenants/plan', { body: { name: 'x' } });
    assertDown(answer);
    assert.match(answer.body.detail, /worker/);
  });

  it('drops the sessions that it kept when the registry went away', async () => {
    const cookie = await api.signIn();
    assert.equal((await api.ask('GET', '/api/v1/session', { cookie })).status, 200);
    database.become('refusing');
    await turns({ database: 'down' });
    assertDown(await api.ask('GET', '/api/v1/session', { cookie }));
    database.become('open');
    await readyAgain();
    assert.equal((await api.ask('GET', '/api/v1/session', { cookie })).status, 200);
  });
}).timeout(90_000);
