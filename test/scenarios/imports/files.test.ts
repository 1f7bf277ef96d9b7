import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { clearings } from '#domain/retention/clear.ts';
import type { Import, ImportAccepted } from '#contracts/imports/imports.ts';
import { ApiInstallation } from '#test/api/apiInstallation.ts';

const megabyte = 1024 * 1024;

describe('a file of tenants', () => {
  let api: ApiInstallation;
  before(async () => {
    api = await ApiInstallation.start();
    await api.installation.startWorker();
  });
  after(() => api.stop());

  const count = async (from: string): Promise<number> =>
    Number((await api.installation.asAdmin<{ n: string }>(null, `select count(*) as n from ${from}`))[0]?.n);

  /** Sends piece after piece and never says how many there are; ends as the answer does, or when told to break off. */
  function pour(
    query: string,
    pieces: Iterable<Buffer>,
    { breakOff = false, length }: { breakOff?: boolean; length?: number } = {},
  ) {
    const { hostname, port } = new URL(api.url);
    return new Promise<{ status: number; code: string }>((resolve, reject) => {
      const request = httpRequest({
        hostname,
        port,
        method: 'POST',
        path: `/api/v1/imports${query}`,
        agent: false,
        headers: { cookie: api.cookie, 'content-type': 'text/csv', ...(length ? { 'content-length': length } : {}) },
      });
      let isAnswered = false;
      request.once('response', async (response) => {
        isAnswered = true;
        let text = '';
        for await (const piece of response) text += String(piece);
        resolve({ status: response.statusCode ?? 0, code: (JSON.parse(text || '{}') as { code?: string }).code ?? '' });
        request.destroy();
      });
      request.on('error', (error) => {
        if (breakOff) resolve({ status: 0, code: '' });
        else if (!isAnswered) reject(error);
      });
      const send = async () => {
        for (const piece of pieces) {
          if (isAnswered || request.destroyed) return;
          if (!request.write(piece)) await once(request, 'drain').catch(() => undefined);
        }
        if (breakOff) request.destroy();
        else request.end();
      };
      void send();
    });
  }
  function* megabytes(many: number): Generator<Buffer> {
    yield Buffer.from('name\n');
    const piece = Buffer.alloc(megabyte, `${'x'.repeat(99)}\n`);
    for (let at = 0; at < many; at++) yield piece;
  }

  it('of more than 100 MB is refused with 413, told beforehand or not, and leaves nothing', async () => {
    const told = await pour('', megabytes(1), { length: 101 * megabyte });
    assert.deepEqual(told, { status: 413, code: 'body_too_large' });
    const memory = process.memoryUsage().rss;
    const untold = await pour('', megabytes(102));
    assert.deepEqual(untold, { status: 413, code: 'body_too_large' });
    const grown = (process.memoryUsage().rss - memory) / megabyte;
    assert.ok(grown < 250, `API, worker and sender grew by ${Math.round(grown)} MB together`);
    await api.installation.until('nothing to be left', 10_000, async () => (await count('imports')) === 0);
    assert.equal(await count('import_chunks'), 0);
  }).timeout(120_000);

  it('that is broken off on its way leaves nothing', async () => {
    await pour('', megabytes(3), { breakOff: true });
    await api.installation.until('nothing to be left', 10_000, async () => (await count('imports')) === 0);
    assert.equal(await count('import_chunks'), 0);
  });

  it('is sealed as it is kept, and needs a format that somebody told', async () => {
    const canary = 'Canary of an Import';
    const worker = await api.installation.asAdmin<{ datname: string }>(null, 'select current_database() as datname');
    assert.ok(worker[0]);
    const { status, body } = await api.ask<ImportAccepted>('POST', '/api/v1/imports?fileName=x.csv', {
      raw: `name,email\n${canary},canary@example.org\n`,
      headers: { 'content-type': 'application/octet-stream' },
    });
    assert.equal(status, 202);
    await api.installation.until(
      'the check',
      30_000,
      async () => (await api.ask<Import>('GET', `/api/v1/imports/${body.importId}`)).body.state === 'ready',
    );
    const [found] = await api.installation.asAdmin<{ n: string }>(
      null,
      `select count(*) as n from import_lines l where l::text like '%Canary%' or l::text like '%canary@%'`,
    );
    assert.equal(Number(found?.n), 0);
    const lines = await api.ask('GET', `/api/v1/imports/${body.importId}/lines`);
    assert.match(lines.text, /Canary of an Import/);
    const refused = await api.refusal('POST', '/api/v1/imports', {
      raw: 'x',
      headers: { 'content-type': 'application/octet-stream' },
    });
    assert.equal(refused.code, 'invalid_request');
    const picture = await api.refusal('POST', '/api/v1/imports?fileName=x.csv', {
      raw: 'x',
      headers: { 'content-type': 'image/png' },
    });
    assert.equal(picture.code, 'unsupported_media_type');
    const unclear = await api.refusal('POST', '/api/v1/imports?fileName=x.csv&mapping=%7Bnot', { raw: 'x' });
    assert.equal(unclear.code, 'invalid_request');
  });

  it('that cannot be read is refused as a whole, and its report carries nothing that a spreadsheet would carry out', async () => {
    const send = async (raw: string | Buffer, query = '') =>
      (
        await api.ask<ImportAccepted>('POST', `/api/v1/imports${query}`, {
          raw,
          headers: { 'content-type': 'text/csv' },
        })
      ).body;
    const ended = (importId: string, state: Import['state']) =>
      api.installation.until(`import to be ${state}`, 30_000, async () => {
        const { body } = await api.ask<Import>('GET', `/api/v1/imports/${importId}`);
        return body.state === state ? body : null;
      });
    const wrong = await send('name,=colour\nA,red\n');
    const refused = await ended(wrong.importId, 'refused');
    assert.deepEqual(
      refused.problems.map(({ code }) => code),
      ['column_unknown'],
    );
    assert.equal((await api.installation.runIsOver(wrong.runId)).state, 'rolled_back');
    const report = await api.ask('GET', `/api/v1/imports/${wrong.importId}/report`);
    assert.match(report.text, /column_unknown,'=colour,/);

    const tricky = await send('name,slug\n"=cmd|\'/c calc\'!A1",\n"@SUM(1)",Bad\n');
    await ended(tricky.importId, 'ready');
    const lines = (await api.ask('GET', `/api/v1/imports/${tricky.importId}/report?format=csv`)).text.split('\r\n');
    assert.match(lines[1]!, /^2,2,valid,'=cmd/);
    assert.match(lines[2]!, /^3,3,invalid,'@SUM\(1\),.*slug_invalid,slug,/);
    const whole = await api.ask<Import & { lines: { number: number }[] }>(
      'GET',
      `/api/v1/imports/${tricky.importId}/report?format=json`,
    );
    assert.deepEqual(
      whole.body.lines.map(({ number }) => number),
      [2, 3],
    );
  });

  it('is cleared of its lines after its time; that it was there stays', async () => {
    const before = await count('imports');
    await api.installation.asAdmin(
      null,
      `update imports set finished_at = now() - interval '40 days', state = 'checked'`,
    );
    await api.installation.asAdmin(
      null,
      `insert into imports (id, state, file_name, format, options, invites, created_at)
       values (gen_random_uuid(), 'uploading', 'cut off', 'csv', '{}', false, now() - interval '2 days')`,
    );
    const cleared = await api.installation.em.transactional((em) => clearings.imports(em, 30, 500));
    assert.ok(cleared > 0);
    assert.equal(await count('import_lines'), 0);
    assert.equal(await count('imports where cleared_at is not null'), before);
    assert.equal(await count(`imports where state = 'uploading'`), 0);
  });
}).timeout(120_000);
