import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPlatform } from '#domain/platform.ts';
import { masterKeyIdOf } from '#domain/secrets/keyring.ts';
import { refuseSupersededKey } from '#domain/secrets/masterKeyRotation.ts';
import { TestInstallation } from '../servers/installation.ts';
import { tenantry, type Ended } from './tenantry.ts';

describe('tenantry master-key', () => {
  let installation: TestInstallation;
  let place: string;
  let old: Buffer;
  let next: Buffer;

  const keyed = (key: Buffer): Record<string, string> => ({
    ...installation.env,
    TENANTRY_MASTER_KEY: key.toString('base64'),
  });
  const masterKey = (key: Buffer, ...args: string[]): Promise<Ended> => tenantry(['master-key', ...args], keyed(key));
  const newKey = () => join(place, 'new.key');
  /** Whether a process that starts with this key comes up, and reads what the other one sealed. */
  async function opens(masterKey: Buffer): Promise<string | true> {
    try {
      const platform = await openPlatform({ ...installation.configuration, masterKey });
      await platform.close();
      assert.deepEqual(
        platform.installation.keyring.platformKey,
        installation.platform.installation.keyring.platformKey,
      );
      return true;
    } catch (error) {
      return (error as Error).message;
    }
  }

  before(async () => {
    installation = await TestInstallation.start();
    place = await mkdtemp(join(tmpdir(), 'tenantry-master-key-'));
    old = installation.configuration.masterKey;
  });

  after(async () => {
    await installation?.stop();
    await rm(place, { recursive: true, force: true });
  });

  it('offers a new one, made where it is wanted and readable by its owner alone; both open the registry', async () => {
    const { code, said } = await masterKey(old, 'offer', '--new-key', newKey());
    assert.equal(code, 0, said);
    next = Buffer.from((await readFile(newKey(), 'utf8')).trim(), 'base64');
    assert.equal(next.length, 32);
    assert.equal((await stat(newKey())).mode & 0o077, 0);
    assert.ok(said.includes(masterKeyIdOf(old)) && said.includes(masterKeyIdOf(next)), said);
    for (const key of [old, next]) assert.ok(!said.includes(key.toString('base64')), 'a key was shown');
    assert.deepEqual([await opens(old), await opens(next)], [true, true]);
    const again = await masterKey(old, 'offer', '--new-key', newKey());
    assert.equal(again.code, 0, again.said);
  });

  it('refuses another offer, a key that is none, a wrong present key, and settling by the old one', async () => {
    const another = join(place, 'another.key');
    await writeFile(another, randomBytes(32).toString('base64'));
    const short = join(place, 'short.key');
    await writeFile(short, 'c2hvcnQ=');
    const told = async (...args: Parameters<typeof masterKey>): Promise<[number, string]> => {
      const { code, said } = await masterKey(...args);
      return [code, /\((master_key_\w+)\)|32 bytes/.exec(said)?.[0] ?? said];
    };
    const [installed, ...others] = await Promise.all([
      masterKey(old, 'offer', '--new-key', another, '--install'),
      told(old, 'offer', '--new-key', another),
      told(old, 'offer', '--new-key', short),
      told(randomBytes(32), 'offer', '--new-key', another),
      told(old, 'settle'),
    ]);
    assert.deepEqual(others, [
      [1, '(master_key_offered)'],
      [3, '32 bytes'],
      [1, '(master_key_wrong)'],
      [1, '(master_key_wrong)'],
    ]);
    assert.equal(installed.code, 3, installed.said);
    assert.match(installed.said, /the environment says where the key is/);
    assert.equal(await opens(old), true);
  });

  it('is taken back: the offered one opens nothing, the present one is as good as before', async () => {
    const { code, said } = await masterKey(old, 'withdraw');
    assert.equal(code, 0, said);
    assert.match(said, /offered +none/);
    assert.match(String(await opens(next)), /The master key of this registry is/);
    assert.equal(await opens(old), true);
  });

  it('is settled by the new one: the old one opens nothing more, and a process that still has it writes no backup', async () => {
    const em = installation.platform.registry.em.fork();
    assert.equal((await masterKey(old, 'offer', '--new-key', newKey())).code, 0);
    await refuseSupersededKey(em, old); // in between both are good
    const { code, said } = await masterKey(next, 'settle');
    assert.equal(code, 0, said);
    assert.equal(await opens(next), true);
    assert.match(String(await opens(old)), /The master key of this registry is/);
    await assert.rejects(refuseSupersededKey(em, old), { code: 'master_key_superseded' });
    await refuseSupersededKey(em, next);
    assert.equal((await masterKey(next, 'settle')).code, 0, 'settling twice is settling once');
    const none = await masterKey(old, 'settle');
    assert.match(none.said, /master_key_not_offered/);
  });

  it('tells each of it in the audit, by ids', async () => {
    const events = await installation.asAdmin<{ type: string; data: object }>(
      null,
      `select type, data from events where stream = 'platform:master-key' order by version`,
    );
    const [current, other] = [masterKeyIdOf(old), masterKeyIdOf(next)];
    assert.deepEqual(events, [
      { type: 'platform.master_key_offered', data: { current, next: other } },
      { type: 'platform.master_key_withdrawn', data: { next: other } },
      { type: 'platform.master_key_offered', data: { current, next: other } },
      { type: 'platform.master_key_settled', data: { before: current, current: other } },
    ]);
  });
});
