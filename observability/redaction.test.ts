import assert from 'node:assert/strict';
import { isHarmless, isSecretName, redact, redactSql, redactText, redactUrl } from './redaction.ts';

describe('redaction', () => {
  it('withholds fields that are named like secrets, at any depth and in any spelling', () => {
    const names = [
      'authorization',
      'Cookie',
      'set-cookie',
      'password',
      'newPassword',
      'TENANTRY_OWNER_PASSWORD',
      'token',
      'setup_token',
      'clientSecret',
      'email',
      'adminEmail',
      'TEMPORAL_API_KEY',
      'masterKey',
    ];
    for (const name of names) assert.equal(isSecretName(name), true, name);
    const clean = redact({ a: [{ b: { password: 'canary', tenantId: 't1', headers: { Cookie: 'canary' } } }] });
    assert.deepEqual(clean, {
      a: [{ b: { password: '[redacted]', tenantId: 't1', headers: { Cookie: '[redacted]' } } }],
    });
  });

  it('leaves what operators search for', () => {
    const entry = {
      tenantId: 't_abc',
      runId: '0199',
      slug: 'acme',
      state: 'running',
      attempt: 3,
      ok: true,
      reason: null,
    };
    assert.deepEqual(redact(entry), entry);
    assert.equal(
      redactText('run 0199 of provisionTenant failed: connect ECONNREFUSED 127.0.0.1:5432'),
      'run 0199 of provisionTenant failed: connect ECONNREFUSED 127.0.0.1:5432',
    );
    assert.equal(isSecretName('tokenCount'), false);
  });

  const hidden: [string, string][] = [
    ['the password in a database URL', 'postgres://app:canary@db:5432/tenantry'],
    ['a password with an at sign', 'smtp://robot:can@canary@mail.example:587'],
    ['a bearer token', 'authorization: Bearer canary.token-0123456789'],
    ['a JWT', 'got eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJjYW5hcnkifQ.canary'],
    ['a mail address', 'cannot deliver to canary.o+x@exämple.org today'],
    ['a SCRAM verifier', "alter role t password 'SCRAM-SHA-256$4096:canary'"],
    ['a password in SQL', "CREATE ROLE t PASSWORD 'canary'"],
    ['the token of a one-time link', 'open http://localhost:4400/setup?token=canary now'],
    ['the token that is the fragment', 'open http://localhost:4400/setup#canary-0123456789-0123456789 now'],
    ['the token in a fragment', 'open http://localhost:4400/setup#token=canary now'],
    ['a private key', '-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----'],
  ];
  for (const [what, text] of hidden) {
    it(`hides ${what} inside a text`, () => assert.doesNotMatch(redactText(text), /canary/));
  }

  it('keeps the shape of SQL and loses its literals', () => {
    assert.equal(
      redactSql(`insert into "t" values ('it''s', E'a\\'b', $1, 5)`),
      `insert into "t" values ('?', '?', $1, 5)`,
    );
    assert.equal(redactSql('do $body$ select canary $body$'), "do '?'");
  });

  it('keeps the names of query parameters and loses their values', () => {
    assert.equal(redactUrl('/api/v1/tenants?q=M%C3%BCller&limit=5'), '/api/v1/tenants?q=…&limit=…');
  });

  it('calls a line harmless only when there is nothing to withhold in it', () => {
    const line = {
      requestId: '0199',
      method: 'GET',
      path: '/api/v1/session',
      route: '/t/{tenantId}',
      status: 200,
      ms: 0.4,
    };
    assert.equal(isHarmless(JSON.stringify(line)), true);
    for (const [, text] of hidden) {
      assert.equal(isHarmless(JSON.stringify({ ...line, msg: text })), false, text);
      assert.equal(isHarmless(JSON.stringify({ ...line, err: { cause: [text] } })), false, text);
    }
    for (const name of ['password', 'set-cookie', 'a.b.apiKey', 'to', 'adminEmail', 'pass-word'])
      assert.equal(isHarmless(JSON.stringify({ ...line, inner: { [name]: 7 } })), !isSecretName(name), name);
    assert.equal(isHarmless(JSON.stringify({ ...line, 'pass\u0022word': 'x"y' })), false, 'escapes');
  });
});
