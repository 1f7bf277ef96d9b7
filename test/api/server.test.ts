import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { get } from 'node:http';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { mountRoutes } from '#api/mounting/mountRoutes.ts';
import { isLoopback, refusePlainHttp } from '#api/http/plainHttp.ts';
import { domainErrorOf } from '#api/http/problems.ts';
import { routeTable } from '#api/routeTable.ts';
import { startApi } from '#api/server.ts';
import { buildPages } from '#local/buildPages.ts';
import { createLogger } from '#observability/logging.ts';
import { registry } from '#observability/metrics.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import { assertInTime } from '#test/run/patience.ts';
import { ApiInstallation, ask } from './apiInstallation.ts';

const logger = createLogger('test', { level: 'silent' });

describe('the API as a server', () => {
  let installation: TestInstallation;
  before(async () => {
    installation = await TestInstallation.start();
  });
  after(() => installation.stop());

  it('does not start where plain HTTP would leave this machine, and says what to do', async () => {
    const refused: [publicUrl: string, host: string, hint: RegExp][] = [
      ['http://tenants.example.com', '127.0.0.1', /TENANTRY_PUBLIC_URL.*https:/],
      ['http://localhost:4400', '0.0.0.0', /TENANTRY_HOST/],
      ['http://localhost:4400', '::', /TENANTRY_HOST/],
      ['http://127.0.0.1.example.com', '127.0.0.1', /TENANTRY_PUBLIC_URL/],
    ];
    for (const [publicUrl, host, hint] of refused)
      await assert.rejects(startApi({ ...installation.configuration, publicUrl, host }, { logger }), hint);
    for (const [publicUrl, host] of [
      ['http://localhost:4400', '127.0.0.1'],
      ['http://127.0.0.1:4400', '::1'],
      ['https://tenants.example.com', '0.0.0.0'],
    ] as const)
      assert.doesNotThrow(() => refusePlainHttp({ publicUrl, host }));
    for (const host of ['localhost', 'a.localhost', '127.0.0.1', '127.9.9.9', '::1', '[::1]'])
      assert.ok(isLoopback(host), host);
    for (const host of ['10.0.0.1', 'localhost.example.com', '1127.0.0.1', '0.0.0.0', '::'])
      assert.ok(!isLoopback(host), host);
  });

  it('names a taken port and the setting that helps', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    await assert.rejects(
      startApi({ ...installation.configuration, port }, { logger }),
      new RegExp(`Port ${port} is taken by another process.*TENANTRY_PORT`),
    );
    other.close();
  });

  it('does not start with a route that declares no permission', () => {
    const forgotten = { ...routeTable.listPlans, permission: undefined as never };
    assert.throws(() => mountRoutes({ forgotten }, {} as never), /forgotten declares no permission/);
  });

  it('tells nothing of an unexpected failure', () => {
    const error = domainErrorOf(Object.assign(new Error('select secret from x'), { code: '42P01' }));
    assert.equal(error.code, 'internal');
    assert.doesNotMatch(error.publicMessage, /secret/);
    assert.ok(error.cause);
    for (const code of ['ECONNREFUSED', '57P01', '53300', '40001'])
      assert.equal(
        domainErrorOf(new Error('outer', { cause: Object.assign(new Error('x'), { code }) })).code,
        'dependency_down',
      );
  });

  it('says over https that it will stay https, and over plain HTTP does not', async () => {
    const https = { ...installation.configuration, publicUrl: 'https://tenants.example.com' };
    const secure = await startApi(https, { logger });
    const plain = await startApi(installation.configuration, { logger });
    try {
      const answer = await ask(secure.url, 'GET', '/health/live');
      assert.equal(answer.headers['strict-transport-security'], 'max-age=31536000');
      const headers = (await ask(plain.url, 'GET', '/health/live')).headers;
      assert.equal(headers['strict-transport-security'], undefined);
      assert.equal(headers['x-powered-by'], undefined);
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['referrer-policy'], 'same-origin');
    } finally {
      await Promise.all([secure.stop(), plain.stop()]);
    }
  });

  it('as a process prints that it is ready, serves, and ends by SIGTERM with 0', async () => {
    const child = spawn(process.execPath, [resolve(import.meta.dirname, '../../api/main.ts')], {
      env: { ...process.env, ...installation.env, TENANTRY_LOG_LEVEL: 'info' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    const exit = once(child, 'exit');
    await installation.until('the API process to be ready', 20_000, async () => /ready/.test(output));
    const { url } = JSON.parse(output.split('\n').find((line) => /ready/.test(line))!) as { url: string };
    assert.equal((await ask(url, 'GET', '/health/ready')).status, 200);
    child.kill('SIGTERM');
    assert.deepEqual(await exit, [0, null]);
  });

  it('as a process lists everything that is wrong with its configuration and ends with 1', async () => {
    const child = spawn(process.execPath, [resolve(import.meta.dirname, '../../api/main.ts')], {
      env: { PATH: process.env['PATH'], TENANTRY_PORT: 'x' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let output = '';
    child.stderr.on('data', (data: Buffer) => (output += data.toString()));
    const [code] = (await once(child, 'exit')) as [number];
    assert.equal(code, 1);
    assert.match(output, /TENANTRY_PORT/);
    assert.match(output, /TENANTRY_APP_DATABASE_URL is missing/);
    assert.doesNotMatch(output, / at /);
  });
}).timeout(60_000);

describe('stopping the API', () => {
  it('ends event streams, lets a request finish, and takes no new one', async () => {
    const api = await ApiInstallation.start();
    const { body } = await api.ask('POST', '/api/v1/tenants', { body: { name: 'Waiting' } });
    const stream = get(`${api.url}/api/v1/runs/${String(body['runId'])}/events`, { headers: { cookie: api.cookie } });
    const [response] = (await once(stream, 'response')) as [NodeJS.ReadableStream];
    response.resume();
    await once(response, 'data');
    const ended = once(response, 'end');
    const slow = api.ask('POST', '/api/v1/session', {
      body: { email: 'nobody@example.org', password: 'x' },
      cookie: null,
    });
    await sleep(5);
    const begun = Date.now();
    await api.api.stop();
    assertInTime(Date.now() - begun, 5_000, 'the stop');
    await ended;
    assert.equal((await slow).status, 401);
    await assert.rejects(ask(api.url, 'GET', '/health/live'), /ECONNREFUSED/);
    await api.installation.stop();
  });

  it('counts requests by route and never by address', async () => {
    const api = await ApiInstallation.start();
    await api.ask('GET', '/api/v1/tenants/019a0000-0000-7000-8000-000000000000');
    await api.ask('GET', '/api/v1/canary-path');
    await sleep(20);
    const text = await registry.metrics();
    assert.match(
      text,
      /http_request_duration_seconds_count\{method="GET",route="\/api\/v1\/tenants\/\{tenantId\}",status="404"\} \d/,
    );
    assert.doesNotMatch(text, /canary-path|019a0000/);
    await api.stop();
  });
}).timeout(60_000);

describe('the pages', () => {
  let api: ApiInstallation;
  before(async () => {
    const webBuild = process.env['TEST_WEB_BUILD'] || (await buildPages());
    api = await ApiInstallation.start((configuration) => ({ ...configuration, webBuild }));
  });
  after(() => api.stop());

  it('are served beside the API with one policy, their own, and are not kept', async () => {
    const { status, text, headers } = await api.ask('GET', '/sign-in', { cookie: null });
    assert.equal(status, 200);
    assert.match(text, /<html/);
    const policies = headers['content-security-policy'] as unknown as string;
    assert.match(policies, /'nonce-/);
    assert.doesNotMatch(policies, /default-src 'none'/);
    assert.match(headers['cache-control'] ?? '', /no-store/);
    assert.equal(headers['x-frame-options'], 'DENY');
    assert.match(headers['x-request-id'] as string, /./);
  });

  it('bring files that browsers keep for ever, because their names change with them', async () => {
    const { text } = await api.ask('GET', '/sign-in', { cookie: null });
    const asset = /["'](?:\.\.?)?(\/_app\/immutable\/[^"']+\.(?:js|css))["']/.exec(text)?.[1];
    assert.ok(asset, 'the page names its scripts');
    const { status, headers } = await api.ask('GET', asset, { cookie: null });
    assert.equal(status, 200);
    assert.match(headers['cache-control'] ?? '', /max-age=31536000.*immutable/);
  });

  it('read through the API as the person who asks', async () => {
    await api.ask('POST', '/api/v1/tenants', { body: { name: 'Shown on a page' } });
    const page = await api.ask('GET', '/tenants');
    assert.equal(page.status, 200);
    assert.match(page.text, /Shown on a page/);
    const without = await api.ask('GET', '/tenants', { cookie: null });
    assert.ok([302, 303, 307].includes(without.status));
    assert.match(without.headers.location ?? '', /^\/sign-in/);
  });

  it('never stand in for the API: what it does not know is a problem, not a page', async () => {
    for (const path of ['/api/v1/nothing', '/t/x', '/health/x', '/docs/x']) {
      const { status, headers } = await api.ask('GET', path, { cookie: null });
      assert.equal(status, 404);
      assert.match(headers['content-type'] ?? '', /problem\+json/);
    }
    const page = await api.ask('GET', '/no-such-page', { cookie: null });
    assert.equal(page.status, 404);
    assert.match(page.headers['content-type'] ?? '', /text\/html/);
  });
}).timeout(120_000);
