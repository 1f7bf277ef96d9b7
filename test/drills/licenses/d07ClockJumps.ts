import { endOfTerms } from '#domain/licenses/calendar.ts';
import { drainEnds } from '#domain/licenses/dues/drainEnds.ts';
import { drainReminders } from '#domain/licenses/dues/drainReminders.ts';
import { drainRenewals, type OpenRenewal } from '#domain/licenses/dues/drainRenewals.ts';
import { keepDues } from '#domain/licenses/dues/keepDues.ts';
import { isoOf } from '#domain/isoOf.ts';
import { rows } from '#domain/sql.ts';
import type { Breach, Drill, DrillRoom, Outcome } from '../drill.ts';
import { brokenInvariants } from '../invariants.ts';
import type { Random } from '../random.ts';
import { LicensedGround, type Told } from './licensedGround.ts';

const hourMs = 3_600_000;
const yearMs = 365.25 * 24 * hourMs;
const mostEvents = 4_096;

interface Load {
  years: number;
  tenants: number;
  /** Of each policy. */
  licences: number;
}

/**
 * Licences live through ten years of terms by a clock that jumps: an hour ahead and back, over days in which nobody looks, and apart by up
 * to two hours between drains that work at the same time.
 */
export const clockJumps: Drill = {
  id: 'D7',
  title: 'ten years of licences by clocks that jump',
  full: (room) => drill(room, { years: 10, tenants: 4, licences: 4 }),
  subset: (room) => drill(room, { years: 0.5, tenants: 1, licences: 1 }),
};

const policies = [
  { term: 'P1M', mode: 'auto', graceDays: 3, before: [14, 7, 1], after: [1, 7] },
  { term: 'P1Y', mode: 'auto', graceDays: 14, before: [60, 30, 14, 7, 1], after: [1, 7] },
  { term: 'P1Y', mode: 'manual', graceDays: 0, before: [60, 30, 14, 7, 1], after: [1, 7] },
  { term: 'P7D', mode: 'auto', graceDays: 0, before: [3, 1], after: [] },
] as const;

/** A leap day, last days of months, and the nights before them. */
const anchors = [
  '2028-02-29T12:00:00Z',
  '2026-12-31T23:30:00Z',
  '2027-01-31T01:30:00Z',
  '2026-12-01T00:00:00Z',
] as const;

interface Life {
  id: string;
  mode: 'auto' | 'manual';
  period: string;
  anchor: Date;
  /** Ends that were prolonged, in their order. */
  renewed: string[];
}

async function drill({ servers, random, say }: DrillRoom, load: Load): Promise<Outcome> {
  const licensed = await LicensedGround.open(servers, load.tenants);
  try {
    const began = Date.now();
    const lives = await issueAll(licensed, random, load);
    const until = began + load.years * yearMs;
    const ticks = await liveThrough(licensed, lives, random, { from: began, until });
    const breaches = [
      ...(await lostOrDoubled(licensed, [...lives.values()], new Date(until))),
      ...(await tooLongHistories(licensed)),
      ...(await licensed.outOfStep()).map((what) => ({ rule: 'D7', what })),
    ];
    const renewals = [...lives.values()].reduce((sum, { renewed }) => sum + renewed.length, 0);
    say(`${lives.size} licences over ${load.years} years: ${ticks} looks, ${renewals} renewals`);
    return {
      figures: [
        { what: 'licences', value: lives.size, unit: '' },
        { what: 'looks at the clock', value: ticks, unit: '' },
        { what: 'renewals', value: renewals, unit: '' },
      ],
      breaches: [...breaches, ...(await brokenInvariants(licensed.ground))],
    };
  } finally {
    await licensed.close();
  }
}

async function issueAll(licensed: LicensedGround, random: Random, load: Load): Promise<Map<string, Life>> {
  const lives = new Map<string, Life>();
  for (const { term: period, mode, graceDays, before, after } of policies) {
    const policy = await licensed.policy({
      term: { kind: 'term', period },
      renewal: { basis: 'from_expiry', mode, daysBefore: 1 },
      graceDays,
      reminders: { before: [...before], after: [...after] },
    });
    for (let one = 0; one < load.licences; one++) {
      const anchor = random.one(load.years > 3 ? anchors : anchors.slice(1));
      const id = await licensed.issue(random.one(licensed.tenants), policy, { startsAt: anchor });
      lives.set(id, { id, mode, period, anchor: new Date(anchor), renewed: [] });
    }
  }
  return lives;
}

/** What a renewal that was captured does to a licence, in the transaction of the drain. Counts what it is asked for. */
const renewing =
  (lives: ReadonlyMap<string, Life>, now: Date): OpenRenewal =>
  async (em, licenseId) => {
    const life = lives.get(licenseId)!;
    const [licence] = await rows<{ expires_at: string; terms: number }>(em)`
      select expires_at, terms from licenses where id = ${licenseId}`;
    const { expires_at: end, terms } = licence!;
    const next = endOfTerms(life.anchor, life.period, terms + 1);
    await rows(em)`
      update licenses set terms = terms + 1, over_at = ${next}::timestamptz + (over_at - expires_at), expires_at = ${next} where id = ${licenseId}`;
    await keepDues(em, licenseId, now);
    life.renewed.push(isoOf(end));
    return { runId: licenseId };
  };

async function liveThrough(
  { installation }: LicensedGround,
  lives: ReadonlyMap<string, Life>,
  random: Random,
  { from, until }: { from: number; until: number },
): Promise<number> {
  const { platform } = installation;
  const everything = async (now: Date): Promise<void> => {
    const em = installation.em;
    while ((await drainRenewals(em, renewing(lives, now), now)).licences > 0);
    while ((await drainEnds(em, platform, now)).licences > 0);
    while ((await drainReminders(em, platform, now)).licences > 0);
  };
  let ticks = 0;
  for (let clock = from; clock < until; ticks++) {
    // A second worker's clock differs by an hour, either way.
    const skew = (random.below(3) - 1) * hourMs;
    await Promise.all([everything(new Date(clock)), ...(skew === 0 ? [] : [everything(new Date(clock + skew))])]);
    clock = await nextLook(installation, random, clock);
  }
  for (let round = 0; round < 3; round++) await everything(new Date(until));
  return ticks;
}

/** To where something is due next, a little before or after it; now and then back by an hour, and sometimes over days. */
async function nextLook({ em }: LicensedGround['installation'], random: Random, clock: number): Promise<number> {
  const chance = random.next();
  if (chance < 0.1) return clock - hourMs;
  if (chance < 0.2) return clock + random.below(12 * 24) * hourMs;
  const [next] = await rows<{ at: string | null }>(em)`
    select min(due_at) as at from license_dues where state = 'open' and due_at > ${new Date(clock)}`;
  const due = next?.at ? new Date(next.at).getTime() : clock + 24 * hourMs;
  return Math.max(clock + 60_000, due + (random.below(3) - 1) * random.below(60) * 60_000);
}

const key = ({ what, endsAt }: Told): string => `${what} of ${endsAt}`;

async function lostOrDoubled(licensed: LicensedGround, lives: readonly Life[], until: Date): Promise<Breach[]> {
  const told = await licensed.told();
  const breach = (what: string): Breach => ({ rule: 'D7', what });
  const dues = await licensed.ground.ask<{ kind: string; due_at: Date; ends_at: Date; state: string }>(
    'select kind, due_at, ends_at, state from license_dues',
  );
  const lost = dues.filter(({ due_at: at, state }) => at <= until && (state === 'open' || state === 'held'));
  const all = [...told.values()].flat();
  const settled = dues.filter(({ kind, state }) => state === 'done' && kind !== 'renewal').length;
  return [
    ...lost.map(({ kind, ends_at: at }) => breach(`a ${kind} of the end at ${at.toISOString()} never happened`)),
    ...(settled === all.length ? [] : [breach(`${settled} things happened and ${all.length} were told`)]),
    ...lives.flatMap(({ id, mode, renewed, anchor, period }) => {
      const events = (told.get(id) ?? []).map(key);
      const twice = events.filter((one, at) => events.indexOf(one) !== at);
      const ends = endsUpTo(anchor, period, until);
      const wanted = mode === 'auto' ? ends : [];
      return [
        ...twice.map((one) => breach(`${one} was told twice`)),
        ...(new Set(renewed).size === renewed.length ? [] : [breach('an end was prolonged twice')]),
        // The end that comes within a day after the last look is prolonged already.
        ...wanted.filter((end) => !renewed.includes(end)).map((end) => breach(`the end at ${end} was not prolonged`)),
        ...(mode === 'manual' && ends.length > 0 && !events.includes(key({ what: 'expired', endsAt: ends[0]! }))
          ? [breach(`the end at ${ends[0]} was not told`)]
          : []),
      ];
    }),
  ];
}

/** When terms end that are counted from the anchor. */
function endsUpTo(anchor: Date, period: string, until: Date): string[] {
  const ends: string[] = [];
  for (let terms = 1; endOfTerms(anchor, period, terms) <= until; terms++)
    ends.push(endOfTerms(anchor, period, terms).toISOString());
  return ends;
}

/** Of what schedules started meanwhile. */
async function tooLongHistories({ installation }: LicensedGround): Promise<Breach[]> {
  const { client } = installation.temporal;
  const breaches: Breach[] = [];
  for await (const { workflowId, runId, historyLength } of client.workflow.list({
    query: `TaskQueue = '${installation.configuration.taskQueue}'`,
  }))
    if (historyLength >= mostEvents)
      breaches.push({ rule: 'D7', what: `${workflowId} (${runId}) has ${historyLength} events` });
  return breaches;
}
