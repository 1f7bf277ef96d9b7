import type { SuspensionStarted } from '#contracts/life/suspension.ts';
import type { Manifest } from '#contracts/tenants.ts';
import { ApiClient } from '../apiClient.ts';
import { BenchControlPlane } from '../benchControlPlane.ts';
import { percentile, type Figure } from '../figure.ts';
import { TenantDoors, type WatchedTenant } from './tenantDoors.ts';

/** As many as one person may have API keys; `BENCH_SUSPENSION_TENANTS` makes it smaller for a try. */
const tenants = Number(process.env['BENCH_SUSPENSION_TENANTS'] ?? 100);
const atOnce = 4;
const mostMs = 5_000;
const unlimited = '1000000/1';

/**
 * From the acceptance of a suspension until nothing of the tenant answers any more: portal, issuer and key on two API processes, its login,
 * and three sessions of its database, of which one is pooled and idle, one idle in a transaction, and one runs a statement.
 */
export const suspension: Figure = {
  name: 'suspension',
  async measure(bench) {
    const controlPlane = await BenchControlPlane.start(bench, 'api, api, worker', {
      TENANTRY_RATE_ADDRESS: unlimited,
      TENANTRY_RATE_KEY: unlimited,
      TENANTRY_RATE_USER: unlimited,
      TENANTRY_RATE_TENANT: unlimited,
    });
    try {
      const watched = await inBatches(
        Array.from({ length: tenants }, (_, i) => i),
        (i) => prepare(controlPlane, i),
      );
      // Suspending wants a proof of who one is that is not old.
      const clients = await Promise.all(controlPlane.apiUrls.map((url) => ApiClient.signIn(url, owner)));
      const measured = await inBatches(watched, (tenant, i) =>
        suspend(controlPlane, clients[i % clients.length]!, tenant, bench.servers.adminUrl),
      );
      const lines = Object.keys(measured[0]!.refusedAfterMs).map((door) => ({
        what: `${door} refuses on every process, p99`,
        value: percentile(
          measured.map(({ refusedAfterMs }) => refusedAfterMs[door]!),
          0.99,
        ),
        unit: 'ms' as const,
        n: measured.length,
      }));
      const last = measured.map(({ refusedAfterMs }) => Math.max(...Object.values(refusedAfterMs)));
      return [
        { what: 'suspension effective everywhere, p50', value: percentile(last, 0.5), unit: 'ms', n: last.length },
        {
          what: 'suspension effective everywhere, p99',
          value: percentile(last, 0.99),
          unit: 'ms',
          n: last.length,
          limit: { atMost: mostMs },
        },
        ...lines,
      ];
    } finally {
      await controlPlane.stop();
    }
  },
};

const owner = { email: 'bench@example.com', password: 'a password for the bench' };

/** A few at a time: what is measured is a suspension, and not the queue of all of them. */
async function inBatches<In, Out>(all: In[], work: (one: In, index: number) => Promise<Out>): Promise<Out[]> {
  const done: Out[] = [];
  for (let from = 0; from < all.length; from += atOnce)
    done.push(...(await Promise.all(all.slice(from, from + atOnce).map((one, i) => work(one, from + i)))));
  return done;
}

async function prepare({ api }: BenchControlPlane, index: number): Promise<WatchedTenant> {
  const { tenantId, slug, runId } = await api.createTenant(`Suspended ${index}`);
  await api.succeeded(runId);
  const { key } = await api.ask<{ key: string }>('POST', '/api/v1/api-keys', {
    name: slug,
    permissions: ['tenants:read'],
    scope: { kind: 'tenant', tenantId },
  });
  const { resources } = await api.ask<Manifest>('GET', `/api/v1/tenants/${tenantId}/manifest?reveal=true`);
  const { database, role, password } = resources.find(({ kind }) => kind === 'database')!.values;
  return { tenantId, slug, key, database: database!, role: role!, password: password! };
}

async function suspend(
  { apiUrls }: BenchControlPlane,
  client: ApiClient,
  tenant: WatchedTenant,
  adminUrl: string,
): Promise<{ refusedAfterMs: Record<string, number> }> {
  const doors = await TenantDoors.open(apiUrls, tenant, adminUrl);
  try {
    await doors.allOpen();
    const { runId } = await client.ask<SuspensionStarted>('POST', `/api/v1/tenants/${tenant.tenantId}/suspension`, {
      confirm: tenant.slug,
      reason: 'The bench closes it.',
    });
    const refusedAfterMs = await doors.refusals(performance.now());
    await client.succeeded(runId!);
    return { refusedAfterMs };
  } finally {
    await doors.close();
  }
}
