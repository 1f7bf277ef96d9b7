import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { storesAt } from '#domain/replication/serverRows.ts';
import { setUpDatabase } from '#migrations/setUp.ts';
import { identify } from '#providers/replication/identity.ts';
import { ServerPair } from '../../replication/serverPair.ts';
import { RunbookWorld } from '../runbookWorld.ts';
import { carriedOut, ended, outputOf } from './carriedOut.ts';

describe('a shipped runbook for database servers', () => {
  let world: RunbookWorld;
  let pair: ServerPair;
  before(async () => {
    pair = await ServerPair.start();
    await pair.follow(pair.east, pair.west);
    const password = () => randomBytes(12).toString('hex');
    // The data stores have a server of their own here; the registry stays where it is for all tests.
    const urls = await setUpDatabase({
      ...{ adminUrl: await pair.url(pair.east), database: 'unused', rolePrefix: 'stores' },
      passwords: { migrator: password(), app: password(), provisioner: password(), reader: password() },
    });
    const file = join(pair.folder, 'servers.json');
    await writeFile(file, JSON.stringify({ servers: [pair.east, pair.west] }), { mode: 0o600 });
    world = await RunbookWorld.start(undefined, {
      TENANTRY_PROVISIONER_DATABASE_URL: urls.provisionerUrl,
      TENANTRY_READER_DATABASE_URL: urls.readerUrl,
      TENANTRY_SERVERS: file,
    });
    await world.api.installation.provision({ name: 'Before' });
    await world.api.installation.until('the primary to be known', 60_000, () => storesAt(world.api.installation.em));
  });
  after(async () => {
    await world?.stop();
    await pair?.stop();
  });

  const standing = async () =>
    Object.fromEntries(
      await Promise.all(
        [pair.east, pair.west].map(async (server) => {
          const { inRecovery, timeline } = await identify(server);
          return [server.name, `${inRecovery ? 'standby' : 'primary'} ${timeline}`] as const;
        }),
      ),
    );

  describe('"Region failover rehearsal"', () => {
    const inputs = { here: 'east', there: 'west' };

    it('in practice looks at fence, lag and promotion, and moves nothing', async () => {
      const before = await standing();
      const over = await carriedOut(world, 'region-failover-rehearsal', { inputs, practice: true });
      ended(over);
      assert.equal(outputOf(over, 'there-check')['lagBytes'], 0);
      assert.deepEqual(await standing(), before);
    });

    it('moves the writes to the other site and back, and loses nothing', async () => {
      const over = await carriedOut(world, 'region-failover-rehearsal', { inputs });
      ended(over);
      assert.deepEqual(
        ['there-check', 'back-check'].map((key) => outputOf(over, key)['lagBytes']),
        [0, 0],
      );
      assert.deepEqual(await standing(), { east: 'primary 3', west: 'standby 3' });
      await world.api.installation.provision({ name: 'After the rehearsal' });
    });
  });

  describe('"Lose the primary"', () => {
    const inputs = { primary: 'east', standby: 'west' };

    it('in practice reads everything of the standby, and moves nothing', async () => {
      const before = await standing();
      const over = await carriedOut(world, 'lose-the-primary', { inputs, practice: true });
      ended(over);
      assert.ok(Number(outputOf(over, 'verify')['tables']) > 0);
      assert.deepEqual(await standing(), before);
    });

    it('lets the standby take over from a killed primary, and measures how long it took', async () => {
      await pair.kill(pair.east);
      const over = await carriedOut(world, 'lose-the-primary', { inputs });
      ended(over);
      assert.equal(outputOf(over, 'check')['lagBytes'], 0);
      assert.equal(outputOf(over, 'repoint')['stores'], 1);
      assert.equal((await identify(pair.west)).inRecovery, false);
      const { seconds, rtoSeconds } = outputOf(over, 'measure') as { seconds: number; rtoSeconds: number };
      assert.ok(seconds > 0 && seconds <= over.seconds, `${seconds} of ${over.seconds}`);
      assert.equal(rtoSeconds, over.budgetSeconds);
      await world.api.installation.provision({ name: 'After the loss' });
    });
  });
}).timeout(300_000);
