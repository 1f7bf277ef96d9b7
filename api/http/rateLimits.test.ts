import assert from 'node:assert/strict';
import { addressOf } from './rateLimits.ts';

describe('the address that is counted', () => {
  it('is the whole of an IPv4 address, however it is written', () => {
    assert.equal(addressOf({ ip: '192.0.2.7' }), '192.0.2.7');
    assert.equal(addressOf({ ip: '::ffff:192.0.2.7' }), '192.0.2.7');
  });

  it('is the first half of an IPv6 address', () => {
    const same = [
      '2001:db8:0:1::1',
      '2001:db8::1:0:0:0:1',
      '2001:0db8:0000:0001:ffff:ffff:ffff:ffff',
      '2001:db8:0:1::',
    ];
    for (const ip of same) assert.equal(addressOf({ ip }), '2001:db8:0:1::/64', ip);
    assert.equal(addressOf({ ip: '2001:db8:0:2::1' }), '2001:db8:0:2::/64');
    assert.equal(addressOf({ ip: '::1' }), '0:0:0:0::/64');
  });

  it('is one for whoever has none', () => {
    assert.equal(addressOf({ ip: undefined }), '');
  });
});
