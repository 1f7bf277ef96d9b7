import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Answer } from '#test/api/apiInstallation.ts';
import { ApiProcess } from '../killMatrix/victims.ts';
import type { Breach, Drill, DrillRoom, Outcome } from '../drill.ts';
import { Ground } from '../ground.ts';
import { brokenInvariants } from '../invariants.ts';
import type { Random } from '../random.ts';

const path = '/api/v1/plans';
const atOnce = 24;
const patienceMs = 60_000;
const unlimited = '1000000/1';

interface Load {
  keys: number;
  kills: number;
  /** Fewer would not be the drill. */
  requests: number;
}

/** Programs that do not know whether they were heard ask again, at the same time and of another process, while processes die. */
export const idempotencyKeys: Drill = {
  id: 'D17',
  title: 'requests with idempotency keys, repeated, in parallel and under kills',
  full: (room) => drill(room, { keys: 1_700, kills: 8, requests: 10_000 }),
  subset: (room) => drill(room, { keys: 14, kills: 1, requests: 70 }),
};

async function drill(room: DrillRoom, load: Load): Promise<Outcome> {
  const ground = await Ground.open(room.servers, { TENANTRY_RATE_ADDRESS: unlimited, TENANTRY_RATE_USER: unlimited });
  const apis: ApiProcess[] = [];
  try {
    await ground.startWorker();
    for (let one = 0; one < 2; one++) apis.push(await ApiProcess.start(ground));
    const crowd = new Crowd(apis, room.random);
    const wanted = Array.from({ length: load.keys }, (_, number) => planOf(number));
    let done = 0;
    const killing = killThem(apis, room, load, () => done / load.keys);
    const breaches: Breach[] = [];
    const left = [...wanted];
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (let plan = left.pop(); plan; plan = left.pop()) {
          breaches.push(...(await askAgainAndAgain(crowd, plan)));
          done += 1;
        }
      }),
    );
    await killing;
    breaches.push(...(await whileInFlight(ground, apis)));
    breaches.push(...(await effectsOf(ground, wanted)), ...(await brokenInvariants(ground)));
    const { requests, unheard, inFlight } = crowd;
    room.say(`${requests} requests with ${load.keys} keys, ${unheard} of them unheard, ${inFlight} met one in flight`);
    return {
      figures: [
        { what: 'requests', value: requests, unit: '', limit: { atLeast: load.requests } },
        { what: 'kills', value: load.kills, unit: '' },
        { what: 'requests without an answer', value: unheard, unit: '' },
        { what: 'refused because one was in flight', value: inFlight, unit: '' },
      ],
      breaches,
    };
  } finally {
    await Promise.all(apis.map((api) => api.kill()));
    await ground.close();
  }
}

interface WantedPlan {
  name: string;
  title: string;
  tier: string;
  blueprint: { name: string; version: number };
}

const planOf = (number: number): WantedPlan => ({
  name: `d17-${number}`,
  title: `Drill ${number}`,
  tier: 'schema',
  blueprint: { name: 'standard', version: 1 },
});

/** Everybody who asks: of any process, and again until there is an answer that is one. */
class Crowd {
  requests = 0;
  unheard = 0;
  inFlight = 0;
  readonly #apis: ApiProcess[];
  readonly #random: Random;

  constructor(apis: ApiProcess[], random: Random) {
    this.#apis = apis;
    this.#random = random;
  }

  below(bound: number): number {
    return this.#random.below(bound);
  }

  async ask(key: string, body: object): Promise<Answer> {
    const deadline = Date.now() + patienceMs;
    while (Date.now() < deadline) {
      this.requests += 1;
      const answer = await send(this.#random.one(this.#apis), key, body).catch(() => null);
      if (answer === null || answer.status >= 500) this.unheard += 1;
      else if (codeOf(answer) === 'idempotency_in_flight') this.inFlight += 1;
      else return answer;
      await delay(5 + this.below(60));
    }
    throw new Error(`the key ${key} had no answer within ${patienceMs / 1000} s`);
  }
}

const send = (api: ApiProcess, key: string, body: object): Promise<Answer> =>
  api.ask('POST', path, { body, headers: { 'Idempotency-Key': key } });
const codeOf = ({ body }: Answer): string | undefined => (body as { code?: string } | undefined)?.code;
const isSame = (one: Answer, other: Answer): boolean => one.status === other.status && one.text === other.text;

/** Several at once, then repetitions one by one, and between them the same key for something else. */
async function askAgainAndAgain(crowd: Crowd, plan: WantedPlan): Promise<Breach[]> {
  const key = `key-of-${plan.name}`;
  const first = await Promise.all(Array.from({ length: 2 + crowd.below(3) }, () => crowd.ask(key, plan)));
  const reused = await crowd.ask(key, { ...plan, title: 'Something else' });
  const inAnotherOrder = Object.fromEntries(Object.entries(plan).reverse());
  const again = [await crowd.ask(key, inAnotherOrder), await crowd.ask(key, plan)];
  const [answer, ...others] = [...first, ...again];
  const breach = (what: string): Breach => ({ rule: 'D17', what: `${key}: ${what}` });
  return [
    ...(answer?.status === 201 ? [] : [breach(`was answered with ${answer?.status} ${answer?.text}`)]),
    ...(others.every((other) => isSame(other, answer!)) ? [] : [breach('the same request had different answers')]),
    ...(reused.status === 422 && codeOf(reused) === 'idempotency_key_reused'
      ? []
      : [breach(`for another body it was answered with ${reused.status} ${reused.text}`)]),
  ];
}

/** One process after the other, spread over the drill. */
async function killThem(
  apis: ApiProcess[],
  { say }: DrillRoom,
  { kills }: Load,
  progress: () => number,
): Promise<void> {
  for (let kill = 0; kill < kills; kill++) {
    while (progress() < (kill + 0.5) / kills) await delay(20);
    const api = apis[kill % apis.length]!;
    await api.kill();
    await api.restart();
    say(`an API was killed and came back, at ${Math.round(progress() * 100)} %`);
  }
}

/** A request that cannot go on is in flight for as long as it takes: of any process, the same one is told so at once. */
async function whileInFlight({ installation }: Ground, [one, other]: ApiProcess[]): Promise<Breach[]> {
  const [key, plan] = ['key-in-flight', { ...planOf(0), name: 'd17-in-flight' }];
  const [row] = await installation.asAdmin<{ name: string }>(null, 'select current_database() as name');
  const url = new URL(installation.adminUrl);
  url.pathname = `/${row?.name}`;
  const blocker = new pg.Client({ connectionString: url.toString() });
  await blocker.connect();
  try {
    await blocker.query('begin');
    await blocker.query('lock table plans in share row exclusive mode');
    const first = send(one!, key, plan);
    await installation.until('the request to wait', 5_000, async () => {
      const waiting = await installation.asAdmin(null, `select 1 from pg_locks where not granted`);
      return waiting.length > 0;
    });
    const meanwhile = await send(other!, key, plan);
    await blocker.query('rollback');
    const [answer, again] = [await first, await send(other!, key, plan)];
    return [
      ...(meanwhile.status === 409 && codeOf(meanwhile) === 'idempotency_in_flight' && meanwhile.headers['retry-after']
        ? []
        : [{ rule: 'D17', what: `in flight, the same was answered with ${meanwhile.status} ${meanwhile.text}` }]),
      ...(answer.status === 201 && isSame(answer, again)
        ? []
        : [{ rule: 'D17', what: `after it was in flight: ${answer.status} ${answer.text}, then ${again.status}` }]),
    ];
  } finally {
    await blocker.end();
  }
}

/** Each took effect once, as it was asked for first. */
async function effectsOf(ground: Ground, wanted: WantedPlan[]): Promise<Breach[]> {
  const plans = await ground.ask<{ name: string; title: string; events: number }>(
    `select p.name, p.title, (select count(*)::int from events e where e.stream = 'plan:' || p.name) as events
     from plans p where p.name like 'd17-%' and p.name <> 'd17-in-flight'`,
  );
  const made = new Map(plans.map((plan) => [plan.name, plan]));
  return wanted.flatMap(({ name, title }): Breach[] => {
    const plan = made.get(name);
    if (plan?.title === title && plan.events === 1) return [];
    return [{ rule: 'I3', what: `${name} took effect as ${JSON.stringify(plan ?? null)}` }];
  });
}
