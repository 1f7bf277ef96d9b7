import { setTimeout as delay } from 'node:timers/promises';
import type { DrainKind } from '#contracts/workflowInputs.ts';
import { setPrice } from '#domain/billing/prices.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { overrideEntitlement } from '#domain/licenses/changing/overrideEntitlement.ts';
import type { Position } from '#test/servers/faults.ts';
import { scheduleIdOf } from '#temporal/schedules/scheduledJobs.ts';
import type { Breach, DrillRoom } from '../drill.ts';
import { brokenInvariants } from '../invariants.ts';
import { strike, type Victim } from '../killMatrix/victims.ts';
import { LicensedGround } from './licensedGround.ts';

const patienceMs = 90_000;
const soonMs = 2_500;
const dayMs = 86_400_000;
const inEach = 3;
const moments: readonly Position['when'][] = ['before', 'after'];

/** A drain, when its licences end, and the event that tells that it was done. */
interface Drained {
  kind: DrainKind;
  endsInMs: number;
  rules: Parameters<LicensedGround['policy']>[0];
  told: string;
}

const drains: readonly Drained[] = [
  { kind: 'endLicenses', endsInMs: soonMs, rules: { onExpiry: 'degrade' }, told: 'license.expired' },
  {
    kind: 'remindOfLicenses',
    endsInMs: 7 * dayMs + soonMs,
    rules: { reminders: { before: [7], after: [] } },
    told: 'license.reminded',
  },
  {
    kind: 'openLicenseRenewals',
    endsInMs: 7 * dayMs + soonMs,
    rules: { renewal: { mode: 'auto', basis: 'from_expiry', daysBefore: 7 }, reminders: { before: [], after: [] } },
    told: 'license.renewed',
  },
  {
    kind: 'expireLicenseOverrides',
    endsInMs: 300 * dayMs,
    rules: { reminders: { before: [], after: [] } },
    told: 'license.overrides_expired',
  },
];

/**
 * `drainDue` is no run and has no steps in the ledger: a batch of each drain is cut before it begins and after its effect. What was due of
 * each licence is done in the end, and once.
 */
export async function drainsAreKilled(
  { servers, random, say }: DrillRoom,
  victims: readonly Victim[],
): Promise<{ cut: number; breaches: Breach[] }> {
  const licensed = await LicensedGround.open(servers, 1);
  const breaches: Breach[] = [];
  let cut = 0;
  try {
    for (const victim of victims)
      for (const drain of drains)
        for (const when of moments) {
          const ids = await issue(licensed, drain);
          await delay(soonMs + 1_000);
          await cutOnce(licensed, drain, when, () => strike(licensed.ground, victim, { api: null, random }));
          cut += 1;
          breaches.push(...(await wrongly(licensed, drain, ids, `${victim} killed ${when} a batch`)));
        }
    say(`${cut} batches of drains cut, ${breaches.length} breaches`);
    return { cut, breaches: [...breaches, ...(await brokenInvariants(licensed.ground))] };
  } finally {
    await licensed.close();
  }
}

async function issue(licensed: LicensedGround, { kind, endsInMs, rules }: Drained): Promise<string[]> {
  const { em, platform } = licensed.installation;
  const policy = await licensed.policy(rules);
  if (kind === 'openLicenseRenewals')
    await em.transactional((tx) => setPrice(tx, policy, { currency: 'EUR', amount: 0 }, theSystem));
  const ids: string[] = [];
  for (let one = 0; one < inEach; one++) {
    // Of each anew: what would be due before it is issued is not told.
    const now = Date.now();
    const id = await licensed.issue(licensed.tenants[0]!, policy, {
      startsAt: new Date(now - 300 * dayMs).toISOString(),
      expiresAt: new Date(now + endsInMs).toISOString(),
    });
    if (kind === 'expireLicenseOverrides') {
      const until = new Date(now + soonMs + 1_000).toISOString();
      const change = { name: 'beta', entitlement: { flag: true }, until };
      await em.transactional((tx) =>
        overrideEntitlement(tx, platform.installation, { id, change, now: new Date(now) }, theSystem),
      );
    }
    ids.push(id);
  }
  return ids;
}

/** Until a batch stands where it is to be cut; a tick of the schedule's own may be the one. */
async function cutOnce(
  licensed: LicensedGround,
  { kind }: Drained,
  when: Position['when'],
  kill: () => Promise<unknown>,
): Promise<void> {
  const { installation, ground } = licensed;
  const { halted } = await ground.worker.haltAt(`drain.${kind}`, when);
  const handle = installation.temporal.client.schedule.getHandle(
    scheduleIdOf(kind, installation.platform.installation.id),
  );
  await installation.until(`the schedule ${kind} to be triggered`, patienceMs, () =>
    handle.trigger().then(
      () => true,
      () => false,
    ),
  );
  await halted;
  await kill();
  await installation.until(`${kind} to be done`, patienceMs, async () => {
    await handle.trigger().catch(() => undefined);
    const [left] = await ground.ask<{ due: number; runs: number }>(`
      select (select count(*) from license_dues where state = 'open' and due_at <= now())::int as due,
             (select count(*) from runs where kind = 'renewLicense' and finished_at is null)::int as runs`);
    await delay(300);
    return left!.due === 0 && left!.runs === 0;
  });
}

async function wrongly(
  { ground }: LicensedGround,
  { kind, told }: Drained,
  ids: string[],
  how: string,
): Promise<Breach[]> {
  const events = await ground.ask<{ count: number }>(
    `select (select count(*)::int from events where stream = 'license:' || asked.licence and type = $2) as count
     from unnest($1::text[]) as asked (licence)`,
    [ids, told],
  );
  return events
    .filter(({ count }) => count !== 1)
    .map(({ count }) => ({ rule: 'D1', what: `${kind}, ${how}: ${told} was told ${count} times of a licence` }));
}
