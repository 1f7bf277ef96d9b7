import assert from 'node:assert/strict';
import { connect } from 'node:net';
import type { Problem } from '#contracts/problems.ts';
import { reservedSlugs } from '#contracts/slugs.ts';
import { ApiInstallation, insides, type Answer } from './apiInstallation.ts';

const tenants = '/api/v1/tenants';

describe('bad input', () => {
  let api: ApiInstallation;
  before(async () => {
    api = await ApiInstallation.start();
  });
  after(async () => {
    const [counted] = await api.installation.asAdmin<{ count: string }>(null, 'select count(*) from tenants');
    await api.stop();
    assert.equal(counted?.count, '0', 'nothing that was refused left a row');
  });

  function assertRefused(answer: Answer, status: number, code: Problem['code']): Problem {
    const problem = answer.body as unknown as Problem;
    assert.equal(answer.status, status, answer.text);
    assert.equal(problem.code, code);
    assert.equal(problem.status, status);
    assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json/);
    assert.match(problem.requestId, /./);
    assert.doesNotMatch(answer.text, insides);
    return problem;
  }

  const texts: [what: string, raw: string | Buffer][] = [
    ['cut off', '{"name":'],
    ['with a trailing comma', '{"name":"x",}'],
    ['single-quoted', "{'name':'x'}"],
    ['of bytes', '\u0000\u0001'],
    ['a form', 'name=x'],
    ['XML', '<name/>'],
    ['with bytes that are no UTF-8', Buffer.from('{"name":"\xff\xfe"}', 'latin1')],
  ];
  for (const [what, raw] of texts)
    it(`refuses JSON that is none: ${what}`, async () => {
      assertRefused(await api.ask('POST', tenants, { raw }), 400, 'bad_json');
    });

  it('takes nothing but JSON, uncompressed, in UTF-8', async () => {
    const raw = '{"name":"x"}';
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'application/xml',
      '',
    ])
      assertRefused(
        await api.ask('POST', tenants, { raw, headers: { 'content-type': type } }),
        415,
        'unsupported_media_type',
      );
    for (const headers of [
      { 'content-encoding': 'gzip' },
      { 'content-type': 'application/json; charset=utf-7' },
      { 'content-type': 'application/json;charset="latin1"' },
    ])
      assertRefused(
        await api.ask('POST', tenants, { raw, headers: headers as Record<string, string> }),
        415,
        'unsupported_media_type',
      );
  });

  it('refuses a body of 10 MB, and one whose length is untold as soon as it is too long', async () => {
    assertRefused(await api.ask('POST', tenants, { raw: Buffer.alloc(10 * 1024 * 1024, 'x') }), 413, 'body_too_large');
    assert.match(await sendEndless(api), /^HTTP\/1\.1 413 [\s\S]+"body_too_large"/);
  });

  it('refuses 10 MB from somebody who is not signed in without reading it', async () => {
    assertRefused(
      await api.ask('POST', tenants, { raw: Buffer.alloc(10 * 1024 * 1024), cookie: null }),
      401,
      'unauthenticated',
    );
  });

  const bad: [what: string, body: unknown, path: string][] = [
    ['no name', {}, 'name'],
    ['an empty name', { name: '   ' }, 'name'],
    ['121 characters', { name: 'ä'.repeat(121) }, 'name'],
    ['a line break in the name', { name: 'a\nb' }, 'name'],
    ['a NUL in the name', { name: 'a\u0000b' }, 'name'],
    ['a right-to-left override in the name', { name: 'a\u202eb' }, 'name'],
    ['half a surrogate pair in the name', { name: 'a\ud800b' }, 'name'],
    ['a number for a name', { name: 7 }, 'name'],
    ['an array for a name', { name: ['x'] }, 'name'],
    ['an unknown field', { name: 'x', isAdmin: true }, 'isAdmin'],
    ['an unknown field within', { name: 'x', admin: { email: 'a@example.org', role: 'owner' } }, 'admin.role'],
    ['__proto__', JSON.parse('{"name":"x","__proto__":{"a":1}}'), '__proto__'],
    ['constructor', { name: 'x', constructor: { a: 1 } }, 'constructor'],
    ['a slug of one letter', { name: 'x', slug: 'a' }, 'slug'],
    ['a slug of 40 letters', { name: 'x', slug: 'a'.repeat(40) }, 'slug'],
    ['a slug with a leading dash', { name: 'x', slug: '-acme' }, 'slug'],
    ['a slug with a trailing dash', { name: 'x', slug: 'acme-' }, 'slug'],
    ['a slug that IDNA reserves', { name: 'x', slug: 'xn--acme' }, 'slug'],
    ['a slug in capitals', { name: 'x', slug: 'Acme' }, 'slug'],
    ['a slug with a Cyrillic а', { name: 'x', slug: '\u0430cme' }, 'slug'],
    ['a slug in full-width letters', { name: 'x', slug: 'ａｃｍｅ' }, 'slug'],
    ['a slug with a dotless ı', { name: 'x', slug: 'admın' }, 'slug'],
    ['a slug with a zero-width space', { name: 'x', slug: 'ac\u200bme' }, 'slug'],
    ['a slug with a line break at its end', { name: 'x', slug: 'acme\n' }, 'slug'],
    ['a slug with a dot', { name: 'x', slug: 'a.b' }, 'slug'],
    ['a slug that climbs', { name: 'x', slug: '../etc' }, 'slug'],
    ['an external id with a space', { name: 'x', externalId: 'a b' }, 'externalId'],
    ['an external id that is null', { name: 'x', externalId: null }, 'externalId'],
    ['labels as a list', { name: 'x', labels: ['a'] }, 'labels'],
    ['a label key in capitals', { name: 'x', labels: { Key: 'v' } }, 'labels.Key'],
    ['a label that is a number', { name: 'x', labels: { key: 1 } }, 'labels.key'],
    ['a NUL in a label', { name: 'x', labels: { key: 'a\u0000' } }, 'labels.key'],
    ['half a surrogate pair in a label', { name: 'x', labels: { key: '\udfff' } }, 'labels.key'],
    [
      '33 labels',
      { name: 'x', labels: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`k${i}`, 'v'])) },
      'labels',
    ],
    ['a mail address that is none', { name: 'x', admin: { email: 'nobody' } }, 'admin.email'],
    ['a plan of a NUL', { name: 'x', plan: '\u0000' }, 'plan'],
  ];
  for (const [what, body, path] of bad)
    for (const where of [tenants, `${tenants}/plan`])
      it(`refuses ${what} and names the field (${where})`, async () => {
        const { fields } = assertRefused(await api.ask('POST', where, { body }), 400, 'invalid_request');
        assert.ok(
          fields?.some((field) => field.path === path),
          JSON.stringify(fields),
        );
      });

  it('refuses every reserved slug', async () => {
    for (const slug of reservedSlugs) {
      if (slug.length < 2) continue;
      const { fields } = assertRefused(
        await api.ask('POST', tenants, { body: { name: 'x', slug } }),
        400,
        'invalid_request',
      );
      assert.equal(fields?.[0]?.path, 'slug', slug);
    }
  });

  it('names an unknown plan and region', async () => {
    for (const where of [tenants, `${tenants}/plan`]) {
      assertRefused(await api.ask('POST', where, { body: { name: 'x', plan: 'gold' } }), 400, 'plan_unknown');
      assertRefused(await api.ask('POST', where, { body: { name: 'x', region: 'mars' } }), 400, 'region_unknown');
    }
  });

  const queries = [
    'limit=0', 'limit=201', 'limit=x', 'limit=1&limit=2', 'state=dead', 'sort=plan', 'sort=name;drop', 'cursor=x',
    'cursor=W10', `cursor=${Buffer.from('["x","y"]').toString('base64url')}`, 'q=%00', `q=${'x'.repeat(121)}`, 'q[]=x',
    `cursor=${Buffer.from('["2026-99-99","019a0000-0000-7000-8000-000000000000"]').toString('base64url')}`,
  ]; // prettier-ignore
  for (const query of queries)
    it(`refuses the query ${query.slice(0, 40)}`, async () => {
      assertRefused(await api.ask('GET', `${tenants}?${query}`), 400, 'invalid_request');
    });

  it('finds nothing by odd searches, and does not break on them', async () => {
    for (const q of [
      '%',
      '_',
      '\\',
      "'",
      '"',
      '%25',
      'label:=',
      'label:a=',
      'label:a="',
      '💥',
      '(',
      '*',
      '\u200b',
      ' ',
    ])
      assert.equal((await api.ask('GET', `${tenants}?q=${encodeURIComponent(q)}`)).status, 200, q);
  });

  it('answers unknown addresses below the API with a problem, whatever they look like', async () => {
    for (const path of [
      '/api',
      '/api/',
      '/api/v1',
      '/api/v2/tenants',
      '/api/v1/tenants/',
      '/API/v1/tenants',
      '/api/v1//tenants',
      '/t/x',
      '/health',
      '/docs/x',
    ])
      assertRefused(await api.ask('GET', path), 404, 'not_found');
    for (const path of ['/api/v1/tenants/%', '/api/v1/tenants/%ff', '/api/v1/portals/%c0%ae'])
      assertRefused(await api.ask('GET', path), 400, 'invalid_request');
  });

  it('says by OPTIONS and HEAD what it would by GET, without a body', async () => {
    const options = await api.ask('OPTIONS', tenants);
    assert.equal(options.status, 204);
    assert.equal(options.headers.allow, 'GET, HEAD, POST, OPTIONS');
    assert.equal(options.headers['access-control-allow-origin'], undefined);
    const head = await api.ask('HEAD', '/api/v1/plans');
    assert.equal(head.status, 200);
    assert.equal(head.text, '');
    assert.ok(Number(head.headers['content-length']) > 0);
    const nowhere = '/api/v1/runs/019a0000-0000-7000-8000-000000000000/events';
    assert.equal((await api.ask('HEAD', nowhere)).status, 404);
  });

  it('takes a sane request id, makes one otherwise, and never breaks a header by it', async () => {
    assert.equal(
      (await api.ask('GET', '/health/live', { headers: { 'x-request-id': 'abc-1:2.3_4' } })).headers['x-request-id'],
      'abc-1:2.3_4',
    );
    for (const id of ['a b', 'ä', 'x'.repeat(101), '<script>', '"'])
      assert.match(
        (await api.ask('GET', '/health/live', { headers: { 'x-request-id': Buffer.from(id).toString('latin1') } }))
          .headers['x-request-id'] as string,
        /^[0-9a-f-]{36}$/,
      );
  });

  it('withstands 256 kB of nesting and of unknown fields, and answers briefly', async () => {
    const nested = '['.repeat(100_000) + ']'.repeat(100_000);
    assertRefused(await api.ask('POST', tenants, { raw: nested }), 400, 'invalid_request');
    assertRefused(await api.ask('POST', tenants, { raw: `{"name":"x","labels":${nested}}` }), 400, 'invalid_request');
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`f${i}`, 1]));
    const answer = await api.ask('POST', tenants, { body: many });
    assertRefused(answer, 400, 'invalid_request');
    assert.ok(answer.text.length < 10_000, `${answer.text.length} bytes`);
  });

  it('logs each request once, without what was searched for or sent', async () => {
    const from = api.logLines.length;
    await api.ask('GET', `${tenants}?q=canary`);
    await api.ask('POST', tenants, { body: { name: 'x', admin: { email: 'canary@' } } });
    await new Promise((resolve) => setTimeout(resolve, 20));
    const lines = api.logLines.slice(from).map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      lines.map(({ method, path, route, status }) => [method, path, route, status]),
      [
        ['GET', '/api/v1/tenants?q=…', '/api/v1/tenants', 200],
        ['POST', '/api/v1/tenants', '/api/v1/tenants', 400],
      ],
    );
    assert.doesNotMatch(JSON.stringify(lines), /canary/);
  });
}).timeout(60_000);

/** Sends a little more than is allowed of a body that never ends, and waits for the answer. */
function sendEndless(api: ApiInstallation): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
    socket.once('error', reject);
    socket.once('data', (data) => {
      resolve(data.toString());
      socket.destroy();
    });
    const head = ['Host: x', `Cookie: ${api.cookie}`, 'Content-Type: application/json', 'Transfer-Encoding: chunked'];
    socket.write(`POST ${tenants} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`);
    for (let i = 0; i < 5; i++) socket.write(`10000\r\n${'x'.repeat(0x10000)}\r\n`);
  });
}
