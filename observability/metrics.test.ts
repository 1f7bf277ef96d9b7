import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { countAttempt, countRequest, countRun, countStep, registry, startMetricsServer, watchers } from './metrics.ts';

describe('metrics', () => {
  let server: Awaited<ReturnType<typeof startMetricsServer>>;
  before(async () => {
    server = await startMetricsServer(0);
  });
  after(() => server.stop());

  it('tells of requests, runs, steps, attempts and watchers in the text format of Prometheus', async () => {
    registry.resetMetrics();
    countRequest({ method: 'POST', route: '/api/v1/tenants', status: 202, seconds: 0.02 });
    countRequest({ method: 'BREW', route: 'unmatched', status: 404, seconds: 0.001 });
    countRun({ kind: 'provisionTenant', outcome: 'succeeded', seconds: 0.7 });
    countStep({ provider: 'database', outcome: 'done', seconds: 0.05 });
    assert.equal(await countAttempt('database.ensure', async () => 7), 7);
    await assert.rejects(
      countAttempt('database.ensure', async () => {
        throw new Error('down');
      }),
      /down/,
    );
    watchers.inc();
    const answer = await fetch(server.url);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type') ?? '', /^text\/plain/);
    const text = await answer.text();
    for (const line of [
      'tenantry_http_request_duration_seconds_count{method="POST",route="/api/v1/tenants",status="202"} 1',
      'tenantry_http_request_duration_seconds_count{method="other",route="unmatched",status="404"} 1',
      'tenantry_runs_total{kind="provisionTenant",outcome="succeeded"} 1',
      'tenantry_step_duration_seconds_count{provider="database",outcome="done"} 1',
      'tenantry_activity_attempts_total{activity="database.ensure",outcome="done"} 1',
      'tenantry_activity_attempts_total{activity="database.ensure",outcome="failed"} 1',
      'tenantry_activity_duration_seconds_count{activity="database.ensure"} 2',
      'tenantry_sse_watchers 1',
    ]) {
      assert.ok(text.includes(`${line}\n`), line);
    }
    assert.match(text, /process_resident_memory_bytes \d/);
  });

  it('labels nothing by tenant, run, address or person', async () => {
    const labels = (await registry.getMetricsAsJSON()).flatMap(({ values }) =>
      values.flatMap((v) => Object.keys(v.labels)),
    );
    assert.deepEqual(
      labels.filter((label) => /tenant|run|slug|email|user|path|url|^id$/i.test(label)),
      [],
    );
  });

  it('answers nothing but GET /metrics', async () => {
    assert.equal((await fetch(new URL('/', server.url))).status, 404);
    assert.equal((await fetch(server.url, { method: 'POST' })).status, 404);
  });

  it('cannot be reached from another machine', async () => {
    const outside = Object.values(networkInterfaces())
      .flat()
      .find((address) => address && !address.internal && address.family === 'IPv4');
    const url = new URL(server.url);
    assert.equal(url.hostname, '127.0.0.1');
    if (outside) await assert.rejects(fetch(`http://${outside.address}:${url.port}/metrics`));
  });
});
