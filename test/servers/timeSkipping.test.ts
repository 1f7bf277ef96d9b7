import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestInstallation } from './installation.ts';
import { dayMs, startTimeSkipping, type TimeSkippingServer } from './timeSkipping.ts';
import { findTestServer } from './timeSkippingTools.ts';

describe('a Temporal server whose time tests move', () => {
  let server: TimeSkippingServer;
  before(async function () {
    this.timeout(180_000); // the first time on a machine it is fetched
    server = await startTimeSkipping();
  });
  after(() => server.stop());

  it('lets a year pass in seconds', async () => {
    const before = await server.now();
    await server.skip(365 * dayMs);
    assert.ok((await server.now()) - before >= 365 * dayMs);
  });

  it('carries a whole installation: a tenant is provisioned on it', async () => {
    const installation = await TestInstallation.start({}, server.servers);
    try {
      await installation.startWorker();
      const { tenantId } = await installation.provision({ name: 'Time traveller' });
      const [tenant] = await installation.asAdmin(null, 'select state from tenants where id = $1', [tenantId]);
      assert.equal(tenant?.['state'], 'active');
    } finally {
      await installation.stop();
    }
  });

  it('is asked for with the ways out where it cannot be had', async () => {
    const nothing = await mkdtemp(join(tmpdir(), 'nothing-'));
    try {
      await assert.rejects(
        findTestServer({
          PATH: nothing,
          TENANTRY_CACHE_DIR: nothing,
          TENANTRY_TEST_SERVER_DOWNLOAD: 'http://127.0.0.1:9',
        }),
        (error: Error) =>
          error.name === 'SetupError' &&
          /download: .*\n.*Maven: there is no java/.test(error.message) &&
          /Install Java/.test(error.message),
      );
    } finally {
      await rm(nothing, { recursive: true });
    }
  });
});
