import { setTimeout as sleep } from 'node:timers/promises';
import type { Run, RunStarted } from '#contracts/runs.ts';
import { runIsOver } from '#contracts/runStates.ts';
import type { Tenant, TenantPage } from '#contracts/tenants.ts';
import { Refusal, type ApiClient } from './apiClient.ts';
import type { Organisation } from './organisations.ts';

const requestsAtOnce = 10;
const lookMs = 250;
const patienceMs = 10 * 60_000;
const label = { demo: 'true' };

export interface DemoTenant {
  name: string;
  slug: string;
  state: string;
  /** From the request to the open doors; null when it did not come that far. */
  ms: number | null;
  reason: string | null;
  isNew: boolean;
}

export type ShowProgress = (done: number, all: number) => void;

async function listDemoTenants(api: ApiClient): Promise<Tenant[]> {
  const found: Tenant[] = [];
  for (let cursor: string | null = null; ;) {
    const query: URLSearchParams = new URLSearchParams({ q: 'label:demo=true', limit: '200', sort: 'createdAt' });
    if (cursor) query.set('cursor', cursor);
    const page: TenantPage = await api.get(`/api/v1/tenants?${query}`);
    found.push(...page.items);
    cursor = page.nextCursor;
    if (cursor === null) return found;
  }
}

/** One tenant to an organisation, however often it is called: the external id says which are there already. */
export async function provisionDemo(
  api: ApiClient,
  organisations: readonly Organisation[],
  show: ShowProgress,
): Promise<DemoTenant[]> {
  const before = new Map((await listDemoTenants(api)).map((tenant) => [tenant.externalId, tenant]));
  const missing = organisations.filter(({ externalId }) => !before.has(externalId));
  const started = await eachOf(missing, async ({ externalId, name, country }) => {
    try {
      const body = { name, externalId, labels: { ...label, country: country.toLowerCase() } };
      return await api.send<RunStarted>('POST', '/api/v1/tenants', body);
    } catch (error) {
      if (error instanceof Refusal && error.code === 'external_id_taken') return null; // another demo was faster
      throw error;
    }
  });
  const runs = await untilOver(
    api,
    started.flatMap((one) => one?.runId ?? []),
    show,
  );
  const now = new Map((await listDemoTenants(api)).map((tenant) => [tenant.externalId, tenant]));
  return organisations.map(({ externalId, name }) => {
    const tenant = now.get(externalId);
    const run = runs.find(({ id, tenantId }) => (tenant ? tenantId === tenant.id : id === runOf(externalId)));
    return {
      name,
      slug: tenant?.slug ?? run?.tenant?.slug ?? '',
      state: tenant?.state ?? run?.state ?? 'missing',
      ms: run?.finishedAt && run.state === 'succeeded' ? Date.parse(run.finishedAt) - Date.parse(run.createdAt) : null,
      reason: run?.reason ?? null,
      isNew: !before.has(externalId),
    };
  });

  function runOf(externalId: string): string | undefined {
    return started[missing.findIndex((one) => one.externalId === externalId)]?.runId;
  }
}

export interface Removal {
  removed: number;
  left: Tenant[];
}

/** Removes them as anybody would: by the product's own workflow, each with its typed confirmation. */
export async function removeDemo(api: ApiClient, show: ShowProgress): Promise<Removal> {
  const tenants = await listDemoTenants(api);
  const started = await eachOf(tenants, async (tenant) => {
    try {
      return await api.send<RunStarted>('DELETE', `/api/v1/tenants/${tenant.id}`, { confirm: tenant.slug ?? '' });
    } catch (error) {
      if (error instanceof Refusal && ['run_in_progress', 'tenant_erased'].includes(error.code)) return null;
      throw error;
    }
  });
  await untilOver(
    api,
    started.flatMap((one) => one?.runId ?? []),
    show,
  );
  const left = await listDemoTenants(api);
  return { removed: tenants.length - left.length, left };
}

async function untilOver(api: ApiClient, runIds: readonly string[], show: ShowProgress): Promise<Run[]> {
  const over = new Map<string, Run>();
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const open = runIds.filter((id) => !over.has(id));
    const seen = await eachOf(open, (id) => api.get<Run>(`/api/v1/runs/${id}`));
    for (const run of seen) if (runIsOver(run.state)) over.set(run.id, run);
    show(over.size, runIds.length);
    if (over.size === runIds.length || Date.now() > deadline) return [...over.values()];
    await sleep(lookMs);
  }
}

/** A few at once, in order of the list. */
async function eachOf<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at]!);
    }
  };
  await Promise.all(Array.from({ length: Math.min(requestsAtOnce, items.length) }, lane));
  return results;
}
