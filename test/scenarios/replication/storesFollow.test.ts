import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { registryBook } from '#domain/replication/registryBook.ts';
import { listServers, storesAt } from '#domain/replication/serverRows.ts';
import { rows } from '#domain/sql.ts';
import { setUpDatabase } from '#migrations/setUp.ts';
import { StoreConnections } from '#providers/database/stores/storeConnections.ts';
import { fenceStateOf } from '#providers/replication/fence.ts';
import { stopLocal } from '#providers/replication/localServer.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import { losePrimary, Sequence } from './sequence.ts';
import { ServerPair } from './serverPair.ts';

describe('data stores on a server that has a standby', function () {
  this.timeout(900_000);
  let pair: ServerPair;
  let installation: TestInstallation;
  before(async () => {
    pair = await ServerPair.start();
    await pair.follow(pair.east, pair.west);
    const password = () => randomBytes(12).toString('hex');
    // The roles of a server of its own for stores; the registry stays with the servers that all tests share.
    const urls = await setUpDatabase({
      adminUrl: await pair.url(pair.east),
      database: 'unused',
      rolePrefix: 'stores',
      passwords: { migrator: password(), app: password(), provisioner: password(), reader: password() },
    });
    const file = join(pair.folder, 'servers.json');
    await writeFile(file, JSON.stringify({ servers: [pair.east, pair.west] }), { mode: 0o600 });
    installation = await TestInstallation.start({
      TENANTRY_PROVISIONER_DATABASE_URL: urls.provisionerUrl,
      TENANTRY_READER_DATABASE_URL: urls.readerUrl,
      TENANTRY_SERVERS: file,
    });
  });
  after(async () => {
    await installation?.stop();
    await pair?.stop();
  });

  const server = async (name: string) => (await listServers(installation.em)).find((one) => one.name === name);

  it('move with all their connections, and never go to the old primary again, even when it takes writes', async () => {
    await installation.startWorker();
    const before = await installation.provision({ name: 'Before' });
    await installation.until('both servers to be seen', 60_000, async () => (await server('west'))?.state === 'ok' && (await storesAt(installation.em)) !== null); // prettier-ignore
    assert.partialDeepStrictEqual(await server('west'), { role: 'standby', follows: 'east', timeline: 1 });
    const old = (await storesAt(installation.em))!;

    const sequence = new Sequence(
      pair.servers,
      registryBook(() => installation.em),
      'failover',
    );
    await pair.kill(pair.east);
    await installation.until(
      'the primary to be missed',
      60_000,
      async () => (await server('east'))?.state === 'silent',
    );
    await sequence.run(losePrimary('east', 'west'));
    assert.deepEqual([sequence.told.get('standby.check')?.['lagBytes'], sequence.told.get('stores.repoint')?.['stores']], [0, 1]); // prettier-ignore
    assert.ok(Number(sequence.told.get('primary.verify')?.['tables']) > 0);
    const now = (await storesAt(installation.em))!;
    assert.equal(now.timeline, 2);
    assert.equal(String(now.port), new URL(pair.west.url).port);

    const after = await installation.provision({ name: 'After' });
    const schemas = await pair.query(pair.west, 'select count(*)::int as count from pg_database');
    assert.ok(Number(schemas[0]?.['count']) > 0 && before.tenantId !== after.tenantId);

    // The worst mistake there is: somebody removes the fence, and starts the old primary as one.
    const place = await pair.place(pair.east);
    await stopLocal(place, 'immediate');
    await rm(join(place.data, 'standby.signal'));
    await pair.start(pair.east);
    assert.equal(await fenceStateOf(pair.east), 'writable');
    const configured = new StoreConnections(installation.configuration.provisionerDatabaseUrl!);
    try {
      configured.moveTo({ ...now, host: old.host, port: old.port });
      await assert.rejects(
        configured.pool('postgres').connect(),
        /an old primary answers \(timeline 1, and 2 is known\)/,
      );
      await assert.rejects(configured.alone('postgres'), /an old primary answers/);
    } finally {
      await configured.close();
    }
    await installation.until('it to be called fenced', 60_000, async () => (await server('east'))?.role === 'fenced');
    assert.equal((await storesAt(installation.em))?.port, now.port);

    // A worker that starts with the configuration of before follows the registry.
    await (await installation.startWorker()).stop();
    const stores = await rows<{ port: number }>(installation.em)`select port from data_stores`;
    assert.deepEqual(new Set(stores.map(({ port }) => port)), new Set([now.port]));
    await assert.rejects(
      registryBook(() => installation.em).repoint('west', { name: 'east', host: old.host, port: old.port, systemIdentifier: old.systemIdentifier, timeline: 1 }), // prettier-ignore
      { code: 'server_fenced' },
    );
  });
});
