import assert from 'node:assert/strict';
import { signWebhook, writeWebhookSecret } from './standardWebhooks.ts';

describe('the signature of a call', () => {
  // The example of the specification's own libraries.
  const secret = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');
  const call = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', body: '{"test": 2432232314}', at: new Date(1_614_265_330_000) };

  it('is the one of the standard', () => {
    assert.deepEqual(signWebhook([secret], call), {
      'webhook-id': call.id,
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
    assert.equal(writeWebhookSecret(secret), 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
  });

  it('comes once for each secret while one replaces the other', () => {
    const { 'webhook-signature': both } = signWebhook([secret, Buffer.alloc(32)], call);
    assert.match(both, /^v1,g0hM9SsE\S+ v1,\S+$/);
  });
});
