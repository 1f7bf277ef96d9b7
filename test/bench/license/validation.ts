import type { License } from '#contracts/licenses/licenses.ts';
import { BenchControlPlane } from '../benchControlPlane.ts';
import { percentile, type Figure } from '../figure.ts';
import type { LoadOutcome } from '../load/generator.ts';
import { kneeOf } from '../load/knee.ts';
import { LoadGenerator } from '../load/loadGenerator.ts';
import { processorMs } from '../processCosts.ts';

const path = '/api/v1/licenses/validate';
const wantedRate = 500;
const mostMs = 5;
const seconds = 8;
const connections = 64;
const licences = 500;
const tenants = 5;
const unlimited = '1000000/1';
const policy = { name: 'bench', version: 1 };

/** What a licence is worth, asked online at a rate by a program's key, each time of another licence, with a seat limit and an entitlement. */
export const validation: Figure = {
  name: 'validation',
  async measure(bench) {
    const controlPlane = await BenchControlPlane.start(bench, 'api, worker', {
      TENANTRY_RATE_ADDRESS: unlimited,
      TENANTRY_RATE_KEY: unlimited,
      TENANTRY_RATE_USER: unlimited,
      TENANTRY_RATE_TENANT: unlimited,
    });
    const generator = new LoadGenerator();
    try {
      const asked = await licensesToAsk(controlPlane);
      const ask = (perSecond: number) =>
        generator.load({ url: controlPlane.url, path, asked, seconds, connections, perSecond });
      const p99 = ({ latencies }: LoadOutcome) => percentile(latencies, 0.99);
      await ask(wantedRate); // statements are planned, code is warm
      const { api: pid } = controlPlane.pids;
      const before = await processorMs(pid!);
      const steady = await ask(wantedRate);
      const spentMs = (await processorMs(pid!))! - before!;
      const knee = await kneeOf(wantedRate, async (perSecond) => p99(await ask(perSecond)) <= mostMs);
      const n = steady.count;
      return [
        { what: 'a licence at 500 requests/s, p50', value: percentile(steady.latencies, 0.5), unit: 'ms', n },
        { what: 'a licence at 500 requests/s, p99', value: p99(steady), unit: 'ms', n, limit: { atMost: mostMs } },
        { what: 'processor time of the API for one', value: spentMs / n, unit: 'ms', n },
        { what: 'the knee: highest rate with p99 ≤ 5 ms', value: knee, unit: '/s', limit: { atLeast: wantedRate } },
      ];
    } finally {
      generator.stop();
      await controlPlane.stop();
    }
  },
};

async function licensesToAsk({ api }: BenchControlPlane): Promise<{ headers: Record<string, string>; body: object }[]> {
  const rules = {
    product: 'suite',
    term: { kind: 'term', period: 'P1Y' },
    seats: { limit: 20, overage: 'refuse' },
    entitlements: { reports: { flag: true } },
  };
  await api.ask('POST', `/api/v1/license-policies/${policy.name}/versions`, { baseVersion: 0, rules });
  const ids: string[] = [];
  for (let tenant = 0; tenant < tenants; tenant++) {
    const { tenantId, runId } = await api.createTenant(`Licensed ${tenant}`);
    await api.succeeded(runId);
    for (let count = 0; count < licences / tenants; count++)
      ids.push((await api.ask<License>('POST', `/api/v1/tenants/${tenantId}/licenses`, { policy })).id);
  }
  const { key } = await api.ask<{ key: string }>('POST', '/api/v1/api-keys', {
    name: 'bench',
    permissions: ['licenses:use'],
    scope: { kind: 'platform' },
  });
  const headers = { Authorization: `Bearer ${key}` };
  return ids.map((licenseId) => ({
    headers,
    body: { licenseId, scope: { product: 'suite', entitlement: 'reports' } },
  }));
}
