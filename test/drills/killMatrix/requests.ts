import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Answer } from '#test/api/apiInstallation.ts';
import { TcpProxy, type Weather } from '#test/api/tcpProxy.ts';
import type { Breach, DrillRoom } from '../drill.ts';
import { newTenant, type Acknowledged, type Ground } from '../ground.ts';
import { brokenInvariants } from '../invariants.ts';
import { ApiProcess, recoverySeconds } from './victims.ts';

/** A request whose API dies before it can answer. Sent again with its key, it must be answered as if nothing had happened. */
interface Request {
  method: string;
  path: string;
  body?: unknown;
  key: string;
}

interface Moment {
  title: string;
  /** What lies between the API and Temporal while the request is under way. */
  weather: Weather;
  /** Nothing may be committed before the kill. */
  beforeCommit?: true;
  /** What is true of a run whose request has come to this moment. */
  reached: string;
  /** How many are enough, where the API waits three seconds only. */
  enough?: number;
}

const moments: Moment[] = [
  { title: 'before the commit', weather: 'open', beforeCommit: true, reached: 'false' },
  { title: 'after the commit, before the start', weather: 'silent', reached: `r.state = 'queued'` },
  { title: 'after the start, before the answer', weather: 'deaf', reached: `r.state <> 'queued'`, enough: 1 },
];
const hits = 3;
const patienceMs = 60_000;
/** On a busy machine the kill may come when all is answered: nothing was cut then, and it is tried again. */
const mostTries = 4;

/** Kills the API under requests that start each workflow a request can start, at every moment of theirs. */
export async function requestsAreKilled({ say }: DrillRoom, ground: Ground): Promise<Breach[]> {
  const [host = '', port] = ground.servers.temporalAddress.split(':');
  const temporal = await TcpProxy.to(host, Number(port));
  const api = await ApiProcess.start(ground, { TEMPORAL_ADDRESS: `127.0.0.1:${temporal.port}` });
  const breaches: Breach[] = [];
  try {
    for (const moment of moments) {
      const { requests, cut } = await untilCut(moment, { ground, api, temporal });
      say(`API killed under ${requests.length} requests, ${moment.title}: recovered in ${cut.seconds.toFixed(1)} s`);
      breaches.push(...cut.breaches.map((what) => ({ rule: 'D1', what: `${moment.title}: ${what}` })));
      if (cut.seconds > recoverySeconds.API)
        breaches.push({ rule: 'D1', what: `${moment.title}: recovery took ${cut.seconds.toFixed(1)} s`, isLate: true });
      breaches.push(...(await brokenInvariants(ground)));
    }
    return breaches;
  } finally {
    temporal.become('open');
    await api.kill();
    await temporal.stop();
  }
}

async function untilCut(
  moment: Moment,
  of: Omit<Cut, 'requests'>,
): Promise<{ requests: Cut['requests']; cut: CutResult }> {
  for (let tries = 1; ; tries++) {
    const requests = await requestsOf(of.ground);
    await startOne(of.ground, of.api);
    const cut = await cutAt(moment, { ...of, requests });
    if (!cut.wasTooLate) return { requests, cut };
    if (tries === mostTries) return { requests, cut: { ...cut, breaches: [...cut.breaches, tooLate] } };
  }
}

const tooLate = 'every request was answered before the kill';

/** Afterwards the API is connected to Temporal and knows which cluster it is: nothing but the start is left to ask. */
async function startOne(ground: Ground, api: ApiProcess): Promise<void> {
  const { wish, canary, email } = newTenant('Started before', false);
  const { status, body, text } = await api.ask('POST', '/api/v1/tenants', { body: wish });
  if (status !== 202) throw new Error(`a tenant was refused before anything was killed: ${text}`);
  const started = body as Record<'tenantId' | 'slug' | 'runId', string>;
  ground.acknowledged.push({ ...started, name: wish.name, canary, email, adminName: null });
  await ground.settled([started.tenantId], patienceMs);
}

async function requestsOf(ground: Ground): Promise<(Request & { wanted: Wanted })[]> {
  const fail = ['tenant.check', 'storage.destroy', 'realm.destroy', 'database.destroy'].map((at) => ({
    at,
    when: 'before' as const,
  }));
  const many = Array.from({ length: hits });
  const [active, stuck] = await Promise.all([
    Promise.all(many.map(() => ground.register('To be removed'))),
    Promise.all(many.map(() => ground.register('To be finished'))),
  ]);
  await ground.worker.plan(stuck.map(({ tenantId }) => ({ tenantId, fail })));
  await Promise.all([...active, ...stuck].map(({ runId }) => ground.start(runId)));
  await ground.settled(
    [...active, ...stuck].map(({ tenantId }) => tenantId),
    patienceMs,
  );
  await ground.worker.plan(stuck.map(({ tenantId }) => ({ tenantId })));
  return [
    ...many.map(() => {
      const tenant = newTenant('Asked for', true);
      return {
        ...request('POST', '/api/v1/tenants', tenant.wish),
        wanted: { kind: 'provisionTenant', name: tenant.wish.name, ...tenant },
      };
    }),
    ...active.map((tenant) => ({
      ...request('DELETE', `/api/v1/tenants/${tenant.tenantId}`, { confirm: tenant.slug }),
      // By its id: whoever is erased has no name any more.
      wanted: { kind: 'deprovisionTenant', name: tenant.tenantId },
    })),
    ...stuck.map((tenant) => ({
      ...request('POST', `/api/v1/runs/${tenant.runId}/finish-rollback`),
      wanted: { kind: 'finishRollback', name: tenant.name },
    })),
  ];
}

interface Wanted {
  kind: string;
  name: string;
  canary?: string;
  email?: string | null;
}

const request = (method: string, path: string, body?: unknown): Request => ({
  method,
  path,
  key: randomUUID(),
  ...(body === undefined ? {} : { body }),
});

interface Cut {
  ground: Ground;
  api: ApiProcess;
  temporal: TcpProxy;
  requests: (Request & { wanted: Wanted })[];
}

interface CutResult {
  seconds: number;
  breaches: string[];
  wasTooLate: boolean;
}

async function cutAt(moment: Moment, cut: Cut): Promise<CutResult> {
  const { ground, api, temporal, requests } = cut;
  const lock = moment.beforeCommit ? await lockRuns(ground) : null;
  temporal.become(moment.weather);
  const asked = requests.map((one) => send(api, one).catch(() => null));
  if (lock) await waitingForLock(ground, requests.length);
  else await reached(ground, requests, moment);
  await api.kill();
  const answered = (await Promise.all(asked)).filter((answer) => answer !== null);
  await lock?.end();
  temporal.become('open');
  await api.restart();
  const readyAt = Date.now();

  // After three seconds the API answers without waiting for Temporal any longer: what it promised then must hold as well.
  const breaches: string[] = [];
  if (lock && answered.length > 0) breaches.push('a request was answered before its commit');
  for (const one of requests) {
    const { status, body, text } = await send(api, one);
    if (status !== 202) breaches.push(`${one.method} ${one.path} was answered ${status} when repeated: ${text}`);
    else if (one.wanted.canary)
      ground.acknowledged.push({ ...(body as unknown as Acknowledged), ...one.wanted } as Acknowledged);
  }
  const runs = await endedRuns(ground, requests);
  for (const { wanted } of requests) {
    const own = runs.filter(({ kind, name }) => kind === wanted.kind && name === wanted.name);
    if (own.length !== 1 || own[0]?.state !== 'succeeded')
      breaches.push(`${wanted.kind} of “${wanted.name}”: ${own.map(({ state }) => state).join() || 'never begun'}`);
  }
  await ground.settled(null, patienceMs); // also the invitations
  const seconds = (Math.max(...runs.map((run) => run.endedAt)) - readyAt) / 1000;
  return { seconds: Math.max(0, seconds), breaches, wasTooLate: answered.length === requests.length };
}

const send = (api: ApiProcess, { method, path, body, key }: Request): Promise<Answer> =>
  api.ask(method, path, { headers: { 'idempotency-key': key }, ...(body === undefined ? {} : { body }) });

/** Nothing can be inserted there until the returned connection ends. */
async function lockRuns({ installation }: Ground): Promise<pg.Client> {
  const url = new URL(installation.adminUrl);
  url.pathname = new URL(installation.configuration.appDatabaseUrl).pathname;
  const client = new pg.Client({ connectionString: url.toString() });
  await client.connect();
  await client.query('begin');
  await client.query('lock table runs in share row exclusive mode');
  return client;
}

const waitingForLock = (ground: Ground, count: number): Promise<unknown> =>
  ground.installation.until('the requests to wait before their commit', 10_000, async () => {
    const waiting = await ground.ask(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%into runs%'`,
    );
    return waiting.length >= count;
  });

const runsOf = (ground: Ground, requests: Cut['requests'], condition: string) =>
  ground.ask<{ kind: string; name: string; state: string; endedAt: number }>(
    `select r.kind, case r.kind when 'deprovisionTenant' then t.id::text else t.name end as name, r.state, (extract(epoch from r.finished_at) * 1000)::float8 as "endedAt"
     from runs r join tenants t on t.id = r.tenant_id
     where case r.kind when 'deprovisionTenant' then t.id::text else t.name end || r.kind = any($1) and ${condition}`,
    [requests.map(({ wanted }) => wanted.name + wanted.kind)],
  );

const reached = (ground: Ground, requests: Cut['requests'], { reached: condition, enough }: Moment): Promise<unknown> =>
  ground.installation.until('the requests to come to their moment', 10_000, async () => {
    const there = await runsOf(ground, requests, condition);
    return there.length >= (enough ?? requests.length);
  });

async function endedRuns(ground: Ground, requests: Cut['requests']) {
  return ground.installation.until('the runs of killed requests to end', patienceMs, async () => {
    const ended = await runsOf(ground, requests, 'r.finished_at is not null');
    return ended.length >= requests.length ? ended : null;
  });
}
