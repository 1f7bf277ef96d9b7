import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { startSpanReceiver, type SpanReceiver } from '#test/observability/spanReceiver.ts';

const run = promisify(execFile);
const checkout = resolve(import.meta.dirname, '..');

/** Serves a page that asks PostgreSQL (which is not there) and is asked for it once. */
const program = `
  import express from 'express';
  import pg from 'pg';
  const app = express();
  app.get('/things/:id', async (request, response) => {
    const client = new pg.Client({ connectionString: 'postgres://u:canary@127.0.0.1:1/nothing' });
    await client.connect().catch(() => undefined);
    response.json({ ok: true });
  });
  const server = app.listen(0, '127.0.0.1', async () => {
    const url = 'http://127.0.0.1:' + server.address().port;
    await (await fetch(url + '/things/7?token=canary')).text();
    await (await fetch(url + '/health/live')).text();
    server.close();
    server.closeAllConnections();
    const { tracing } = await import('#observability/tracing.ts');
    console.log(tracing() === null ? 'not traced' : 'traced');
    await tracing()?.stop();
    process.exit(0);
  });
`;

async function runProgram(env: NodeJS.ProcessEnv): Promise<string> {
  const register = resolve(import.meta.dirname, 'register.ts');
  const { stdout } = await run(process.execPath, ['--import', register, '--input-type=module', '-e', program], {
    cwd: checkout,
    env: { ...process.env, ...env },
  });
  return stdout.trim();
}

describe('tracing', () => {
  let receiver: SpanReceiver;
  before(async () => {
    receiver = await startSpanReceiver();
  });
  after(() => receiver.stop());

  it('puts the request, its route and its SQL into one trace, without their secrets', async () => {
    assert.equal(await runProgram({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }), 'traced');
    const { spans } = receiver;
    assert.deepEqual(
      spans.map((span) => [span.scope.replace('@opentelemetry/instrumentation-', ''), span.name]).sort(),
      [
        ['express', 'request handler'],
        ['http', 'GET /things/:id'],
        ['pg', 'pg.connect'],
      ],
    );
    assert.equal(new Set(spans.map((span) => span.traceId)).size, 1);
    assert.ok(spans.every((span) => span.service === 'tenantry-start'));
    assert.doesNotMatch(JSON.stringify(spans), /canary/);
  });

  it('does nothing when no endpoint is configured', async () => {
    assert.equal(await runProgram({ OTEL_EXPORTER_OTLP_ENDPOINT: '' }), 'not traced');
  });

  it('serves on when nobody takes the spans', async () => {
    assert.equal(
      await runProgram({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_BSP_EXPORT_TIMEOUT: '500' }),
      'traced',
    );
  });
}).timeout(30_000);
