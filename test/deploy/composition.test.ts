import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import type { Run, RunStarted } from '#contracts/runs.ts';
import { runIsOver } from '#contracts/runStates.ts';
import { checkout } from '#local/paths.ts';
import { ask } from '../api/apiInstallation.ts';
import { startSpanReceiver, type SpanReceiver } from '../observability/spanReceiver.ts';
import { testServers } from '../servers/installation.ts';
import { startTemporalOnPostgres, type TemporalOnPostgres } from '../servers/temporalOnPostgres.ts';
import { composition, type Composition, type RoleProcess } from './composition.ts';

const run = promisify(execFile);
const owner = { email: 'owner-canary@example.org', password: 'canary horse battery staple' };

describe('docker-compose.yml, run without containers on PostgreSQL-backed Temporal', function () {
  this.timeout(600_000); // the first time on a machine, Temporal's server is built
  const { adminUrl } = testServers();
  let dir: string;
  let temporal: TemporalOnPostgres;
  let receiver: SpanReceiver;
  let composed: Composition;
  let api: RoleProcess;
  let worker: RoleProcess;
  let origin: string;
  let cookie: string;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tenantry-composed-'));
    [temporal, receiver] = await Promise.all([startTemporalOnPostgres({ adminUrl, dir }), startSpanReceiver()]);
    composed = await composition({
      adminUrl,
      temporalAddress: temporal.address,
      dir,
      variables: {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        TENANTRY_OWNER_EMAIL: owner.email,
        TENANTRY_OWNER_PASSWORD: owner.password,
      },
    });
    origin = `http://127.0.0.1:${composed.apiPort}`;
  });

  after(async () => {
    for (const role of [api, worker]) {
      if (role?.child.exitCode === null) role.child.kill('SIGKILL');
      await role?.ended;
    }
    await receiver?.stop();
    await temporal?.stop();
    if (composed) await dropDatabases(composed.name);
    await rm(dir, { recursive: true, force: true });
  });

  it('sets everything up by its one-shot role, and changes nothing the second time', async () => {
    for (const expected of [/registry/, /nothing to do/]) {
      const migrate = composed.start('migrate');
      assert.equal(await migrate.ended, 0, migrate.said());
      assert.match(migrate.said(), expected);
    }
  });

  it('starts API and worker as separate processes, which are ready and healthy', async () => {
    api = composed.start('api');
    worker = composed.start('worker');
    const ready = await until('the API to be ready', async () => {
      for (const role of [api, worker]) assert.equal(role.child.exitCode, null, role.said());
      const answer = await ask(origin, 'GET', '/health/ready').catch(() => null);
      return answer?.status === 200 && answer.body['worker'] === 'polling' ? answer : null;
    });
    assert.deepEqual(ready.body, { ready: true, database: 'up', temporal: 'up', worker: 'polling' });
    for (const { env } of [api, worker]) {
      await run(process.execPath, ['deploy/isAlive.ts'], { cwd: checkout, env });
    }
  });

  it('lets the owner in and provisions a tenant', async () => {
    const session = await ask(origin, 'POST', '/api/v1/session', { body: owner });
    assert.equal(session.status, 201, session.text);
    cookie = session.headers['set-cookie']![0]!.split(';')[0]!;
    assert.match(session.headers['set-cookie']![0]!, /^__Host-.*; Secure/);
    const started = await ask<RunStarted>(origin, 'POST', '/api/v1/tenants', { cookie, body: { name: 'Acme' } });
    assert.equal(started.status, 202, started.text);
    const ended = await until('the run to end', async () => {
      const { body } = await ask<Run>(origin, 'GET', `/api/v1/runs/${started.body.runId}`, { cookie });
      return runIsOver(body.state) ? body : null;
    });
    assert.equal(ended.state, 'succeeded', JSON.stringify(ended));
  });

  it('tells of it in one trace from the request through workflow and activities to SQL, without secrets', async () => {
    const trace = await until('the spans of both processes', async () => {
      const request = receiver.spans.find(({ name, scope }) => /http$/.test(scope) && name === 'POST /api/v1/tenants');
      const spans = receiver.spans.filter(({ traceId }) => traceId === request?.traceId);
      return spans.some(({ name }) => name === 'RunWorkflow:provisionTenant') ? spans : null;
    });
    const kinds = new Set(trace.map(({ service, scope }) => `${service} ${scope.replace(/^@\w+\//, '')}`));
    for (const kind of [
      'tenantry-api instrumentation-http',
      'tenantry-api instrumentation-express',
      'tenantry-api instrumentation-pg',
      'tenantry-api interceptor-client',
      'tenantry-worker interceptor-workflow',
      'tenantry-worker interceptor-activity',
      'tenantry-worker instrumentation-pg',
    ]) {
      assert.ok(kinds.has(kind), `no span of ${kind} among ${[...kinds].join(', ')}`);
    }
    const ids = new Set(trace.map(({ spanId }) => spanId));
    const roots = trace.filter(({ parentSpanId }) => parentSpanId === null || !ids.has(parentSpanId));
    assert.deepEqual(
      roots.map(({ name }) => name),
      ['POST /api/v1/tenants'],
      'every span hangs below the request',
    );
    assert.doesNotMatch(JSON.stringify(receiver.spans), /canary|SCRAM/);
  });

  it('logs with request, run and tenant id, without secrets', () => {
    const lines = [api, worker].flatMap((role) => role.said().trim().split('\n'));
    const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.ok(
      entries.some(({ role, requestId }) => role === 'api' && requestId),
      'the API names its requests',
    );
    assert.doesNotMatch(lines.join('\n'), /canary|SCRAM/);
  });

  it('ends in good order when it is told to', async () => {
    for (const role of [api, worker]) role.child.kill('SIGTERM');
    assert.deepEqual(await Promise.all([api.ended, worker.ended]), [0, 0], api.said() + worker.said());
  });

  async function until<Answer>(what: string, look: () => Promise<Answer | null>, withinMs = 60_000): Promise<Answer> {
    for (const deadline = Date.now() + withinMs; ; await sleep(100)) {
      const answer = await look();
      if (answer) return answer;
      if (Date.now() > deadline) assert.fail(`waited ${withinMs} ms for ${what}\n${api?.said()}\n${worker?.said()}`);
    }
  }

  async function dropDatabases(name: string): Promise<void> {
    const registry = new URL(adminUrl);
    registry.pathname = `/${name}`;
    const stores = await query<{ database_name: string }>(registry.toString(), 'select database_name from data_stores');
    for (const database of [name, ...stores.map((store) => store.database_name)])
      await query(adminUrl, `drop database if exists ${pg.escapeIdentifier(database)} with (force)`);
  }

  async function query<Row extends pg.QueryResultRow>(url: string, text: string): Promise<Row[]> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  }
});
