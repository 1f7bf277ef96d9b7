import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { Keyring, masterKeyIdOf, seal, unseal } from './keyring.ts';

describe('the keyring', () => {
  it('opens what it sealed, and nothing of which key, context or a bit is another', () => {
    const key = randomBytes(32);
    const sealed = seal(key, Buffer.from('secret'), 'context');
    assert.equal(unseal(key, sealed, 'context').toString(), 'secret');
    assert.throws(() => unseal(randomBytes(32), sealed, 'context'));
    assert.throws(() => unseal(key, sealed, 'other'));
    for (let i = 0; i < sealed.length; i++) {
      const flipped = Buffer.from(sealed);
      flipped[i] = (flipped[i] ?? 0) ^ 1;
      assert.throws(() => unseal(key, flipped, 'context'), `byte ${i}`);
    }
    for (const length of [0, 12, 27]) assert.throws(() => unseal(key, sealed.subarray(0, length), 'context'));
    assert.notDeepEqual(seal(key, Buffer.from('secret'), 'context'), sealed);
  });

  it('comes back from its sealed root with the master key of its installation only', () => {
    const [master, id] = [randomBytes(32), randomUUID()];
    const root = Keyring.newRoot(master, id);
    assert.deepEqual(Keyring.open(master, id, root).platformKey, Keyring.open(master, id, root).platformKey);
    assert.throws(() => Keyring.open(randomBytes(32), id, root));
    assert.throws(() => Keyring.open(master, randomUUID(), root));
  });

  it('gives every tenant another key, wrapped for its own id', () => {
    const keyring = new Keyring(randomBytes(32));
    const [a, b] = [keyring.newWrappedKey('a'), keyring.newWrappedKey('b')];
    assert.notDeepEqual(a.key, b.key);
    assert.deepEqual(keyring.unwrap('a', a.wrapped), a.key);
    assert.throws(() => keyring.unwrap('b', a.wrapped));
    assert.throws(() => new Keyring(randomBytes(32)).unwrap('a', a.wrapped));
  });

  it('names a master key without telling it', () => {
    const key = randomBytes(32);
    assert.match(masterKeyIdOf(key), /^[0-9a-f]{16}$/);
    assert.equal(masterKeyIdOf(key), masterKeyIdOf(Buffer.from(key)));
    assert.ok(!key.toString('hex').includes(masterKeyIdOf(key)));
  });
});
