import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkout } from '#local/paths.ts';
import { place } from '#packages/license/vectors/generate.ts';
import { vectors } from './vectors.ts';

const run = promisify(execFile);

/** What is not there has checked nothing. */
const missing = (program: string) => (error: NodeJS.ErrnoException) =>
  assert.fail(error.code === 'ENOENT' ? `there is no ${program} on the path, so that nothing was checked` : error);

describe('the vectors, by programs that are not ours', function () {
  this.timeout(120_000);

  it('Python alone finds the same of each', async () => {
    const { stdout } = await run('python3', ['-B', 'run_vectors.py', place], {
      cwd: join(checkout, 'packages/license/python'),
      // Nothing of a licence depends on where somebody is.
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TZ: 'America/St_Johns', PYTHONUTF8: '1' },
      maxBuffer: 16 * 1024 * 1024,
    }).catch(missing('python3'));
    const found = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { name: string; got: unknown });
    const expected = [
      ...vectors.cases.map(({ name, expect }) => ({ name, got: expect })),
      ...vectors.licenseKeys.map(({ typed, read }) => ({ name: typed, got: read })),
      ...vectors.records.map(({ number, text }) => ({ name: `record ${number}`, got: text })),
    ];
    assert.equal(found.length, expected.length);
    for (const [at, one] of found.entries()) assert.deepEqual(one, expected[at]);
  });

  it('a shell with OpenSSL does what the documentation says', async function () {
    if (!(await hasOpenssl())) this.skip();
    const folder = await mkdtemp(join(tmpdir(), 'tenantry-by-hand-'));
    const format = await readFile(join(checkout, 'packages/license/FORMAT.md'), 'utf8');
    const [, script = ''] = /## By OpenSSL\n\n```sh\n([^]*?)```/.exec(format) ?? [];
    assert.match(script, /openssl pkeyutl/);
    await writeFile(join(folder, 'license.lic'), vectors.cases[0]!.text);
    const [jwk] = vectors.defaults.keys as JsonWebKey[];
    const pem = createPublicKey({ key: jwk!, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    await writeFile(join(folder, 'product.pem'), pem);
    const { stdout } = await run('sh', ['-c', script], { cwd: folder });
    assert.match(stdout, /Verified Successfully/);
    await rm(folder, { recursive: true });
  });

  it('OpenSSL finds the same signatures good and bad', async function () {
    if (!(await hasOpenssl())) this.skip();
    const folder = await mkdtemp(join(tmpdir(), 'tenantry-openssl-'));
    const keys = new Map<string, string>();
    for (const jwk of vectors.defaults.keys as { kid: string }[]) {
      const file = join(folder, `${jwk.kid}.pem`);
      await writeFile(file, createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }));
      keys.set(jwk.kid, file);
    }
    const checked = { good: 0, bad: 0 };
    const texts = new Map(
      vectors.cases.flatMap(({ text, expect }) => {
        const state = 'state' in expect ? expect.state : null;
        const isGood = 'serial' in expect && expect.serial !== null;
        return isGood || state === 'tampered' ? [[text, isGood] as const] : [];
      }),
    );
    for (const [text, isGood] of texts) {
      const envelope = envelopeIn(text);
      const key = keys.get(envelope?.['kid'] ?? '');
      if (!envelope || !key || envelope['alg'] !== 'Ed25519') continue;
      const [claims, signature] = [join(folder, 'claims'), join(folder, 'signature')];
      await writeFile(claims, Buffer.from(envelope['payload']!, 'base64url'));
      await writeFile(signature, Buffer.from(envelope['signature']!, 'base64url'));
      const verified = await run('openssl', [
        ...['pkeyutl', '-verify', '-pubin', '-inkey', key, '-rawin', '-in', claims, '-sigfile', signature],
      ]).then(
        () => true,
        () => false,
      );
      // Claims that name another key, or a record that was changed, are bad under a good signature.
      if (isGood) assert.equal(verified, true, text);
      checked[verified ? 'good' : 'bad'] += 1;
    }
    await rm(folder, { recursive: true });
    assert.ok(checked.good >= 20 && checked.bad >= 4, JSON.stringify(checked));
  });
});

/** Red where the project's checks run; elsewhere it is said that nothing was checked. */
async function hasOpenssl(): Promise<boolean> {
  const { stdout } = await run('openssl', ['version']).catch(missing('openssl'));
  if (/^OpenSSL [3-9]/.test(stdout)) return true;
  assert.ok(!process.env['CI'], `OpenSSL 3 is needed, this is ${stdout}`);
  console.log(`    skipped: OpenSSL 3 is needed, this is ${stdout.trim()}`);
  return false;
}

function envelopeIn(text: string): Record<string, string> | null {
  const [, body] = /LICENSE-----\r?\n([^-]+)-----END/.exec(text) ?? [];
  if (body === undefined) return null;
  try {
    return JSON.parse(Buffer.from(body, 'base64').toString()) as Record<string, string>;
  } catch {
    return null;
  }
}
