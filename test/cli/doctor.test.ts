import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Diagnosis } from '#cli/doctor/check.ts';
import { createOwner } from '#domain/people/ownership.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import { tenantry } from './tenantry.ts';

describe('tenantry doctor', () => {
  let installation: TestInstallation;
  before(async () => (installation = await TestInstallation.start()));
  after(() => installation.stop());

  const examine = async (env: Record<string, string> = {}, ...args: string[]) => {
    const { code, said } = await tenantry(['doctor', '--json', ...args], { ...installation.env, ...env });
    const { diagnoses } = JSON.parse(said) as { diagnoses: Diagnosis[] };
    return { code, of: (what: string) => diagnoses.find((one) => one.what === what), diagnoses };
  };

  it('finds nothing wrong where nothing is, and that no worker runs where none does', async () => {
    const without = await examine();
    assert.equal(without.code, 1);
    assert.deepEqual(
      without.diagnoses.filter(({ state }) => state !== 'fine' && state !== 'worth a look').map(({ what }) => what),
      ['worker'],
    );
    await installation.startWorker();
    await installation.provision({ name: 'Lund' });
    await installation.until('the first line of anchors', 10_000, async () => {
      const anchored = await installation.asAdmin(null, 'select 1 from audit_heads where anchored_at is not null');
      return anchored.length > 0;
    });
    const { code, diagnoses, of } = await examine();
    assert.equal(code, 0, JSON.stringify(diagnoses));
    assert.match(of('anchors of the audit')?.text ?? '', /^fit/);
    assert.match(of('migrations')?.text ?? '', /^all \d+ were run/);
  });

  it('names a setting that is wrong, a server that is away, and a key that does not fit, each with what helps', async () => {
    const setting = await examine({ TENANTRY_PORT: 'secret-nonsense' });
    assert.match(setting.of('configuration')?.text ?? '', /TENANTRY_PORT/);
    assert.doesNotMatch(JSON.stringify(setting.diagnoses), /secret-nonsense/);
    const servers = await examine({
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      TENANTRY_APP_DATABASE_URL: 'postgres://x:hidden@127.0.0.1:1/x',
    });
    assert.equal(servers.of('Temporal')?.state, 'wrong');
    assert.match(servers.of('registry')?.text ?? '', /ECONNREFUSED/);
    assert.ok(servers.of('registry')?.advice);
    const key = await examine({ TENANTRY_MASTER_KEY: randomBytes(32).toString('base64') });
    assert.equal(key.of('master key')?.state, 'wrong');
    assert.equal(key.code, 1);
  });

  it('sees messages that are stuck and a registry that does not know what was anchored', async () => {
    await installation.asAdmin(
      null,
      `insert into mails (id, kind, created_at, next_attempt_at)
       values (gen_random_uuid(), 'invitation', now() - interval '1 hour', now() + interval '1 day')`,
    );
    await installation.asAdmin(null, 'delete from audit_heads');
    const { of } = await examine();
    assert.equal(of('messages')?.state, 'wrong');
    assert.equal(of('anchors of the audit')?.state, 'wrong');
  });

  it('writes a bundle without a secret or personal data', async () => {
    const canary = `canary-${randomBytes(6).toString('hex')}`;
    await createOwner(installation.em, `${canary}@example.org`, `${canary}-password`);
    await installation.createTenant({ name: `${canary} AB`, admin: { email: `${canary}@b.example`, name: canary } });
    const file = join(installation.configuration.dataDir, 'bundle.json');
    await examine({ SMTP_URL: `smtp://user:${canary}@mail.example:25` }, '--bundle', file);
    const text = await readFile(file, 'utf8');
    const bundle = JSON.parse(text) as { diagnoses: Diagnosis[]; variables: string[]; runs: object[] };
    assert.ok(bundle.variables.includes('SMTP_URL') && bundle.runs.length > 0 && bundle.diagnoses.length > 10);
    const secrets = [
      canary,
      installation.env['TENANTRY_MASTER_KEY']!,
      ...['APP', 'PROVISIONER', 'READER'].map(
        (role) => new URL(installation.env[`TENANTRY_${role}_DATABASE_URL`]!).password,
      ),
    ];
    for (const secret of secrets) assert.ok(!text.includes(secret), 'a secret is in the bundle');
  });
});
