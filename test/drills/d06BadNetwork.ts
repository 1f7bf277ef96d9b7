import type { Problem } from '#contracts/problems.ts';
import type { Ready } from '#api/readiness.ts';
import { insides, type Answer } from '#test/api/apiInstallation.ts';
import { TcpProxy, type Weather } from '#test/api/tcpProxy.ts';
import { percentile, type Breach, type Drill, type DrillRoom, type Outcome } from './drill.ts';
import { Ground, newTenant } from './ground.ts';
import { brokenInvariants } from './invariants.ts';
import { ApiProcess } from './killMatrix/victims.ts';

const wires = ['PostgreSQL', 'Temporal', 'SMTP'] as const;
type Wire = (typeof wires)[number];
const weathers = ['silent', 'late', 'narrow'] as const satisfies Weather[];
const names: Record<(typeof weathers)[number], string> = {
  silent: 'a black hole',
  late: '5 s of latency',
  narrow: '1 kB a second',
};

interface Case {
  wire: Wire;
  weather: (typeof weathers)[number];
}

const cases: Case[] = wires.flatMap((wire) => weathers.map((weather) => ({ wire, weather })));
const deadlineSeconds = 15;
const flipMs = 10_000;
const recoverMs = 30_000;
const settleMs = 180_000;

/**
 * Black hole, latency and a narrow wire before each server. The built-in realm is kept in PostgreSQL and the built-in storage in a
 * folder: identity suffers with PostgreSQL, and storage has no wire to spoil.
 */
export const badNetwork: Drill = {
  id: 'D6',
  title: 'black hole, 5 s latency and 1 kB/s before PostgreSQL, Temporal and SMTP',
  full: (room) => drill(room, cases),
  subset: (room) => drill(room, [room.random.one(cases)]),
};

interface Scene {
  ground: Ground;
  api: ApiProcess;
  proxies: Record<Wire, TcpProxy>;
}

async function drill({ servers, say }: DrillRoom, chosen: Case[]): Promise<Outcome> {
  const ground = await Ground.open(servers);
  const smtp = new URL(ground.inbox.url);
  const [host = '', port] = servers.temporalAddress.split(':');
  const admin = new URL(servers.adminUrl);
  const proxies = {
    PostgreSQL: await TcpProxy.to(admin.hostname, Number(admin.port)),
    Temporal: await TcpProxy.to(host, Number(port)),
    SMTP: await TcpProxy.to(smtp.hostname, Number(smtp.port)),
  };
  const env = spoilable(ground, proxies);
  const api = await ApiProcess.start(ground, env);
  try {
    await ground.startWorker(env);
    const scene = { ground, api, proxies };
    const seen: Seen[] = [];
    for (const one of chosen) {
      const met = await meet(scene, one);
      const slowest = percentile(met.answerSeconds, 1);
      say(
        `${names[one.weather]} before ${one.wire}: answers within ${slowest.toFixed(1)} s, well again after ${met.recoverySeconds.toFixed(1)} s`,
      );
      seen.push(met);
    }
    return {
      figures: [
        { what: 'spoiled wires', value: chosen.length, unit: '' },
        {
          what: 'slowest answer meanwhile',
          value: Math.max(...seen.flatMap((one) => one.answerSeconds)),
          unit: 's',
          limit: { atMost: deadlineSeconds },
        },
        {
          what: 'slowest to be ready again',
          value: Math.max(...seen.map((one) => one.recoverySeconds)),
          unit: 's',
          limit: { atMost: recoverMs / 1_000 },
        },
      ],
      breaches: [...seen.flatMap(({ breaches }) => breaches), ...(await brokenInvariants(ground))],
    };
  } finally {
    for (const proxy of Object.values(proxies)) proxy.become('open');
    await api.kill();
    await ground.close();
    for (const proxy of Object.values(proxies)) await proxy.stop();
  }
}

/** Every address that the product is told leads over a wire of the drill. */
function spoilable({ installation }: Ground, proxies: Record<Wire, TcpProxy>): Record<string, string> {
  const overWire = (url: string): string => {
    const changed = new URL(url);
    changed.host = `127.0.0.1:${proxies.PostgreSQL.port}`;
    return changed.toString();
  };
  const databases = Object.entries(installation.env).filter(([name]) => /_DATABASE_URL$/.test(name));
  return {
    ...Object.fromEntries(databases.map(([name, url]) => [name, overWire(url)])),
    TEMPORAL_ADDRESS: `127.0.0.1:${proxies.Temporal.port}`,
    SMTP_URL: `smtp://127.0.0.1:${proxies.SMTP.port}`,
  };
}

interface Seen {
  answerSeconds: number[];
  recoverySeconds: number;
  breaches: Breach[];
}

async function meet({ ground, api, proxies }: Scene, { wire, weather }: Case): Promise<Seen> {
  const breaches: string[] = [];
  const readyIs = (wanted: boolean, withinMs: number) =>
    ground.installation.until(`the API to be ${wanted ? '' : 'not '}ready`, withinMs, async () => {
      const { status } = await api.ask<Ready>('GET', '/health/ready');
      return (status === 200) === wanted;
    });
  await readyIs(true, recoverMs);
  const before = await ground.create('Under way', { invited: true });
  proxies[wire].become(weather);

  const flips = wire !== 'SMTP' && weather !== 'narrow'; // a narrow wire carries the question whether anybody is there
  if (flips) await readyIs(false, flipMs).catch((error: Error) => breaches.push(error.message));
  const answers = await askAll(ground, api);
  for (const { answer, seconds } of answers) {
    // Beside other tests a little late is no breach; a wait that has no end in itself is.
    if (seconds > 2 * deadlineSeconds) breaches.push(`an answer came after ${seconds.toFixed(0)} s`);
    if (insides.test(answer.text)) breaches.push(`an answer shows its insides: ${answer.text.slice(0, 200)}`);
    const problem = answer.body as unknown as Problem | undefined;
    if (answer.status >= 500 && problem?.code !== 'dependency_down')
      breaches.push(`an answer was ${answer.status}: ${answer.text.slice(0, 200)}`);
  }
  if (wire === 'SMTP') await othersGoOn(ground).catch((error: Error) => breaches.push(error.message));

  proxies[wire].become('open');
  const opened = performance.now();
  await readyIs(true, 2 * recoverMs);
  const recoverySeconds = (performance.now() - opened) / 1_000;
  await ground.settled(null, settleMs);
  const { state, reason } = await ground.installation.run(before.runId);
  if (state !== 'succeeded') breaches.push(`what was under way ended ${state}: ${reason}`);
  return {
    answerSeconds: answers.map(({ seconds }) => seconds),
    recoverySeconds,
    breaches: breaches.map((what) => ({ rule: 'D6', what: `${names[weather]} before ${wire}: ${what}` })),
  };
}

/** Asks what people ask; what is accepted counts as acknowledged. */
async function askAll(ground: Ground, api: ApiProcess): Promise<{ answer: Answer; seconds: number }[]> {
  const timed = async (asking: Promise<Answer>) => {
    const began = performance.now();
    const answer = await asking;
    return { answer, seconds: (performance.now() - began) / 1_000 };
  };
  const { wish, canary, email } = newTenant('Asked for meanwhile', true);
  const creation = timed(api.ask('POST', '/api/v1/tenants', { body: wish }));
  const answers = await Promise.all([
    creation,
    timed(api.ask('GET', '/api/v1/tenants')),
    timed(api.ask('GET', '/api/v1/runs')),
    timed(api.ask('POST', '/api/v1/session', { body: { email: 'nobody@drill.example', password: 'nothing' } })),
    timed(api.ask('GET', '/api/v1/portals/nowhere')),
    timed(api.ask('GET', '/health/live')),
  ]);
  const { answer } = await creation;
  if (answer.status === 202) {
    const { tenantId, slug, runId } = answer.body as Record<'tenantId' | 'slug' | 'runId', string>;
    ground.acknowledged.push({ tenantId, slug, runId, name: wish.name, canary, email, adminName: null });
  }
  return answers;
}

/** Mail that waits keeps no tenant waiting. */
async function othersGoOn(ground: Ground): Promise<void> {
  const { runId } = await ground.create('Needs no mail');
  const { state } = await ground.installation.runIsOver(runId, 20_000);
  if (state !== 'succeeded') throw new Error(`another tenant's provisioning ended ${state}`);
}
