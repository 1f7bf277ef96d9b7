import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { openRegistry } from '#domain/database.ts';
import { createOwner } from '#domain/people/ownership.ts';
import { freePorts } from '#local/ports.ts';
import { removePostgresData, startPostgres } from '#local/postgres.ts';
import { writeEnvironment } from '#local/start/secrets.ts';
import { migrate, setUpDatabase } from '#migrations/setUp.ts';
import { answers } from '#cli/installed.ts';
import { ApiInstallation, ask, owner } from '#test/api/apiInstallation.ts';
import { tenantry } from './tenantry.ts';

describe('tenantry owner reset', () => {
  it('gives the owner of a running installation a link that works once, and tells it in the audit', async () => {
    const api = await ApiInstallation.start();
    try {
      const { code, said } = await tenantry(['owner', 'reset'], api.installation.env);
      assert.equal(code, 0, said);
      assert.match(said, /owner@example\.org/);
      const link = /http:\/\/\S+/.exec(said)?.[0] ?? '';
      assert.match(link, /localhost:4400/);
      const events = await api.installation.asAdmin<{ type: string; data: object; actor_kind: string }>(
        null,
        `select type, data, actor_kind from events where type = 'user.recovery_opened'`,
      );
      assert.deepEqual(events, [{ type: 'user.recovery_opened', data: {}, actor_kind: 'system' }]);
      const still = await ask(api.url, 'POST', '/api/v1/session', { body: owner });
      assert.equal(still.status, 201, 'until the link is used nothing changes');
      const nobody = await tenantry(['owner', 'reset', '--email', 'nobody@example.org'], api.installation.env);
      assert.deepEqual([nobody.code, nobody.said], [3, 'There is no such owner.\n']);
    } finally {
      await api.stop();
    }
  });

  it('starts the PostgreSQL that npm start brought along when it is stopped, and stops it again', async function () {
    this.timeout(120_000);
    const place = await mkdtemp(join(tmpdir(), 'tenantry-reset-'));
    await chmod(place, 0o711);
    const dataDir = join(place, 'data');
    await mkdir(dataDir, { mode: 0o711 });
    const [port = 0] = await freePorts(1);
    const server = await startPostgres({ dataDir, choosePort: async () => port, durable: false });
    try {
      const password = () => randomBytes(12).toString('hex');
      const urls = await setUpDatabase({
        adminUrl: server.adminUrl,
        passwords: { migrator: password(), app: password(), provisioner: password(), reader: password() },
      });
      await migrate(urls);
      const registry = await openRegistry(urls.appUrl);
      await createOwner(registry.em.fork(), owner.email, owner.password);
      await registry.close(true);
      await writeEnvironment(dataDir, {
        TENANTRY_APP_DATABASE_URL: urls.appUrl,
        TENANTRY_PUBLIC_URL: 'https://tenantry.example',
      });
      await server.stop();
      const { code, said } = await tenantry(['owner', 'reset'], { TENANTRY_DATA_DIR: dataDir });
      assert.equal(code, 0, said);
      assert.match(said, /https:\/\/tenantry\.example\/\S+/);
      assert.notEqual(await answers(urls.appUrl), null, 'it is stopped again');
      const again = await startPostgres({ dataDir, choosePort: async () => port, durable: false });
      const client = new pg.Client({ connectionString: urls.appUrl });
      await client.connect();
      const { rows } = await client.query(`select 1 from events where type = 'user.recovery_opened'`);
      assert.equal(rows.length, 1);
      await client.end();
      await again.stop();
    } finally {
      await removePostgresData(dataDir);
      await rm(place, { recursive: true, force: true });
    }
  });

  it('says what to do where there is no installation', async () => {
    const { code, said } = await tenantry(['owner', 'reset'], { TENANTRY_DATA_DIR: '/nowhere' });
    assert.equal(code, 3);
    assert.match(said, /TENANTRY_APP_DATABASE_URL/);
  });
});
