import { seenMac } from '../src/crypto/nodeCrypto.ts';
import { writeSeen, type Seen } from '../src/states/seen.ts';
import { licenseId } from './issuer.ts';

/** Hexadecimal. */
export const seenSecret = '00112233445566778899aabbccddeeff';

function record(changes: Partial<Seen> = {}): string {
  const at = Date.parse('2026-06-01T12:00:00Z');
  const { unsigned, withMac } = writeSeen({ license: licenseId, serial: 3, number: 0, at, ...changes });
  return withMac(seenMac(unsigned, changes.license ?? licenseId, Buffer.from(seenSecret, 'hex')));
}

/** What was remembered of former uses, each at noon of the first of June 2026. */
export const records = {
  june: record(),
  serial4: record({ serial: 4 }),
  list8: record({ number: 8 }),
  other: record({ license: '0198f0c1-5a00-7000-8000-000000000002', serial: 9 }),
};
