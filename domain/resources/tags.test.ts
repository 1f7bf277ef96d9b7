import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { Keyring } from '../secrets/keyring.ts';
import { readTag, writeTag } from './tags.ts';

describe('an ownership tag', () => {
  const keyring = new Keyring(randomBytes(32));
  const ownership = {
    installationId: randomUUID(),
    tenantId: randomUUID(),
    resourceId: randomUUID(),
    runId: randomUUID(),
  };
  const tag = writeTag(keyring, ownership);

  it('tells whose a thing is to the installation that wrote it, and to no other', () => {
    assert.deepEqual(readTag(keyring, tag), ownership);
    assert.equal(readTag(new Keyring(randomBytes(32)), tag), null);
  });

  it('is none once a single character of it is another', () => {
    for (let i = 0; i < tag.length; i++) {
      const other = tag[i] === 'a' ? 'b' : 'a';
      assert.equal(readTag(keyring, tag.slice(0, i) + other + tag.slice(i + 1)), null, `at ${i}`);
    }
  });

  it('is none when cut, lengthened, empty or missing', () => {
    for (const bad of [tag.slice(0, -1), `${tag}:`, `${tag}x`, '', ':::::', null, undefined])
      assert.equal(readTag(keyring, bad), null);
  });
});
