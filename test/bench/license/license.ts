import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { CompactSign, compactVerify, importJWK } from 'jose';
import { thumbprintOf } from '#domain/audit/statements.ts';
import { createVerifier } from '#packages/license/src/index.ts';
import { writeLicense } from '#packages/license/src/writing.ts';
import { claimsWith } from '#packages/license/vectors/issuer.ts';
import { percentile, type Figure, type Measured } from '../figure.ts';

const rounds = 300;
const eachRound = 20;
const warmEachRound = 2_000;

/**
 * One licence verified offline, against jose given the same claims under the same key as a compact JWS (EdDSA). Rounds of both take
 * turns, and each round is compared with its neighbour: what else the machine does meets both.
 */
export const license: Figure = {
  name: 'license',
  async measure() {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const { x = '' } = publicKey.export({ format: 'jwk' });
    const jwk = { kty: 'OKP', crv: 'Ed25519', x, kid: thumbprintOf(x) } as const;
    const claims = claimsWith({ kid: jwk.kid, expiresAt: null });
    const text = await writeLicense({ claims, sign: (bytes) => sign(null, bytes, privateKey) });
    const jws = await new CompactSign(Buffer.from(JSON.stringify(claims)))
      .setProtectedHeader({ alg: 'EdDSA', kid: jwk.kid })
      .sign(privateKey);
    const key = await importJWK(jwk, 'EdDSA');
    const clock = () => Date.parse('2026-06-15T12:00:00Z');
    const cold = createVerifier({ product: claims.product, keys: [jwk], clock, cacheSize: 0 });
    const warm = createVerifier({ product: claims.product, keys: [jwk], clock });
    const decoder = new TextDecoder();

    const verifyCold = (): void => assert.equal(cold.verify(text).state, 'valid');
    const verifyWarm = (): void => assert.equal(warm.verify(text).state, 'valid');
    const verifyByJose = async (): Promise<void> => {
      const { payload } = await compactVerify(jws, key, { algorithms: ['EdDSA'] });
      assert.equal((JSON.parse(decoder.decode(payload)) as typeof claims).id, claims.id);
    };

    const ours: number[] = [];
    const theirs: number[] = [];
    const cached: number[] = [];
    const coldRatios: number[] = [];
    const warmRatios: number[] = [];
    for (let round = -20; round < rounds; round += 1) {
      const oursUs = microseconds(eachRound, verifyCold);
      const theirsUs = await microsecondsAwaited(eachRound, verifyByJose);
      const cachedUs = microseconds(warmEachRound, verifyWarm);
      if (round < 0) continue;
      ours.push(oursUs);
      theirs.push(theirsUs);
      cached.push(cachedUs);
      coldRatios.push(theirsUs / oursUs);
      warmRatios.push(theirsUs / cachedUs);
    }
    const n = rounds * eachRound;
    return [
      { what: 'one licence, cold, median', value: percentile(ours, 0.5), unit: 'µs', n },
      { what: 'the same by jose, median', value: percentile(theirs, 0.5), unit: 'µs', n },
      { what: 'one licence, warm, median', value: percentile(cached, 0.5), unit: 'µs', n: rounds * warmEachRound },
      { what: 'faster than jose, cold', value: percentile(coldRatios, 0.5), unit: '×', limit: { atLeast: 1.15 } },
      { what: 'faster than jose, cold, best round of each', value: Math.min(...theirs) / Math.min(...ours), unit: '×' },
      { what: 'faster than jose, warm', value: percentile(warmRatios, 0.5), unit: '×', limit: { atLeast: 40 } },
    ] satisfies Measured[];
  },
};

function microseconds(times: number, run: () => void): number {
  const began = process.hrtime.bigint();
  for (let time = 0; time < times; time += 1) run();
  return Number(process.hrtime.bigint() - began) / 1_000 / times;
}

async function microsecondsAwaited(times: number, run: () => Promise<void>): Promise<number> {
  const began = process.hrtime.bigint();
  for (let time = 0; time < times; time += 1) await run();
  return Number(process.hrtime.bigint() - began) / 1_000 / times;
}
