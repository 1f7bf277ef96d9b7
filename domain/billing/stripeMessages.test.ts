import { doesNotThrow, throws } from 'node:assert/strict';
import { refuseForged } from './stripeMessages.ts';

/**
 * A fixture that was signed outside this program:
 * `printf '1767225600.{"id":"evt_1","object":"event"}' | openssl dgst -sha256 -hmac whsec_test_secret`
 */
const body = '{"id":"evt_1","object":"event"}';
const signature = '238d47ccc3251152491130a4587f0a855c0e33e88993ce968255c6d168ef7601';
const secret = 'whsec_test_secret';
const signedAt = 1_767_225_600;

const refuse = (
  header: string | undefined,
  { text = body, secrets = [secret], at = signedAt }: { text?: string; secrets?: string[]; at?: number } = {},
): void => refuseForged(header, Buffer.from(text), { secrets, now: new Date(at * 1000) });
const good = `t=${signedAt},v1=${signature}`;
const isRefused = (header: string | undefined, more: Parameters<typeof refuse>[1] = {}): void =>
  throws(() => refuse(header, more), { code: 'webhook_not_authentic' });

describe('a message of Stripe', () => {
  it('is taken when it is signed by one of the secrets and recent', () => {
    doesNotThrow(() => refuse(good));
    doesNotThrow(() => refuse(good, { at: signedAt + 300 }));
    doesNotThrow(() => refuse(good, { at: signedAt - 300 }));
    doesNotThrow(() => refuse(good, { secrets: ['whsec_old', secret] }));
    doesNotThrow(() => refuse(`t=${signedAt},v1=${'0'.repeat(64)},v1=${signature},v0=ignored`));
  });

  it('is refused when it is older than five minutes, or from so far ahead', () => {
    isRefused(good, { at: signedAt + 301 });
    isRefused(good, { at: signedAt - 301 });
  });

  it('is refused with another secret, another body, another time, or none of them', () => {
    isRefused(good, { secrets: ['whsec_other'] });
    isRefused(good, { secrets: [] });
    isRefused(good, { text: body.replace('evt_1', 'evt_2') });
    isRefused(good, { text: `${body} ` });
    isRefused(`t=${signedAt + 1},v1=${signature}`);
    isRefused(undefined);
    isRefused('');
  });

  it('is refused when its signature is cut, longer, in capitals, of another scheme or without its time', () => {
    isRefused(`t=${signedAt},v1=${signature.slice(0, -1)}`);
    isRefused(`t=${signedAt},v1=${signature}0`);
    isRefused(`t=${signedAt},v1=${signature.toUpperCase()}`);
    isRefused(`t=${signedAt},v0=${signature}`);
    isRefused(`v1=${signature}`);
    isRefused(`t=,v1=${signature}`);
    isRefused(`t=${signedAt}x,v1=${signature}`);
    isRefused(`t=${signedAt}`);
  });
});
