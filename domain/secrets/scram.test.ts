import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { scramVerifier } from './scram.ts';

describe('a SCRAM verifier', () => {
  it('is what RFC 5803 says, with a fresh salt each time', async () => {
    const verifier = await scramVerifier('pencil');
    const parts = /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):(.+)$/.exec(verifier);
    assert.ok(parts);
    const [, iterations = '', salt = '', stored, server] = parts;
    const salted = pbkdf2Sync('pencil', Buffer.from(salt, 'base64'), Number(iterations), 32, 'sha256');
    const hmac = (text: string) => createHmac('sha256', salted).update(text).digest();
    assert.equal(stored, createHash('sha256').update(hmac('Client Key')).digest('base64'));
    assert.equal(server, hmac('Server Key').toString('base64'));
    assert.equal(iterations, '4096');
    assert.notEqual(await scramVerifier('pencil'), verifier);
    assert.ok(!verifier.includes('pencil'));
  });
});
