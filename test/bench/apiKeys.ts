import { randomBytes } from 'node:crypto';
import { openRegistry } from '#domain/database.ts';
import { hashOfToken, newToken } from '#domain/secrets/tokens.ts';
import { json, rows } from '#domain/sql.ts';
import { BenchControlPlane } from './benchControlPlane.ts';
import { percentile, type Figure } from './figure.ts';
import type { LoadOutcome } from './load/generator.ts';
import { kneeOf } from './load/knee.ts';
import { LoadGenerator } from './load/loadGenerator.ts';

const path = '/api/v1/api-keys/self';
const wantedRate = 500;
const mostMs = 5;
const seconds = 8;
const connections = 64;
const keysInUse = 500;
/** Neither may refuse what the bench asks. */
const unlimited = '1000000/1';

/**
 * What it takes to verify an API key: requests that do nothing else, sent at their time whether or not others were answered. The knee
 * is the highest rate at which one in a hundred still waits no longer than the limit.
 */
export const apiKeys: Figure = {
  name: 'apiKeys',
  async measure(bench) {
    const controlPlane = await BenchControlPlane.start(bench, 'api', {
      TENANTRY_LOG_LEVEL: 'info',
      TENANTRY_RATE_ADDRESS: unlimited,
      TENANTRY_RATE_KEY: unlimited,
    });
    const generator = new LoadGenerator();
    const ask = (keys: string[], perSecond: number) =>
      generator.load({
        url: controlPlane.url,
        path,
        asked: keys.map((key) => ({ headers: { Authorization: `Bearer ${key}` } })),
        seconds,
        connections,
        perSecond,
      });
    const p99 = ({ latencies }: LoadOutcome) => percentile(latencies, 0.99);
    try {
      const known = await insertKeys(controlPlane.urls.appUrl, keysInUse);
      await ask(known, wantedRate); // from then on they are in memory
      const steady = await ask(known, wantedRate);
      const unknown = await ask(await insertKeys(controlPlane.urls.appUrl, wantedRate * seconds), wantedRate);
      const knee = await kneeOf(wantedRate, async (perSecond) => p99(await ask(known, perSecond)) <= mostMs);
      const n = steady.count;
      return [
        { what: 'a key at 500 requests/s, p50', value: percentile(steady.latencies, 0.5), unit: 'ms', n },
        { what: 'a key at 500 requests/s, p99', value: p99(steady), unit: 'ms', n, limit: { atMost: mostMs } },
        { what: 'the same, each key for the first time, p99', value: p99(unknown), unit: 'ms', n: unknown.count },
        { what: 'the knee: highest rate with p99 ≤ 5 ms', value: knee, unit: '/s', limit: { atLeast: wantedRate } },
      ];
    } finally {
      generator.stop();
      await controlPlane.stop();
    }
  },
};

async function insertKeys(url: string, count: number): Promise<string[]> {
  const registry = await openRegistry(url, { poolSize: 1 });
  const keys = Array.from({ length: count }, () => newToken('apiKey', randomBytes(16)));
  const hashes = keys.map((key) => hashOfToken(key).toString('hex'));
  await rows(registry.em.fork())`
    insert into api_keys (id, user_id, name, key_hash, hint, permissions, scope_kind, expires_at)
    select gen_random_uuid(), (select id from users limit 1), 'bench', decode(hash, 'hex'), 'xxxx', '{tenants:read}', 'platform',
           now() + interval '1 day'
    from jsonb_array_elements_text(${json(hashes)}::jsonb) hash`;
  await registry.close(true);
  return keys;
}
