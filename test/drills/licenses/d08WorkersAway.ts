import type { DrainKind } from '#contracts/workflowInputs.ts';
import { scheduleIdOf } from '#temporal/schedules/scheduledJobs.ts';
import type { Breach, Drill, DrillRoom, Outcome } from '../drill.ts';
import { brokenInvariants } from '../invariants.ts';
import type { Random } from '../random.ts';
import { LicensedGround, type Told } from './licensedGround.ts';

const awayHours = 240;
const drains: readonly DrainKind[] = ['endLicenses', 'remindOfLicenses'];
const patienceMs = 180_000;
const ladder = { before: [14, 7, 3, 1], after: [1, 4] };
const graces = [0, 2, 30];

interface Load {
  tenants: number;
  licences: number;
  /** How often the worker is killed while it makes up for what was missed. */
  kills: number;
  /** Whether the schedules are waited for; else they are triggered. */
  waits: boolean;
}

/** All workers are away for ten days in which licences are to be reminded of, end, and have their graces end. */
export const workersAway: Drill = {
  id: 'D8',
  title: 'workers down ten days across ends of licences',
  full: (room) => drill(room, { tenants: 12, licences: 600, kills: 4, waits: true }),
  subset: (room) => drill(room, { tenants: 2, licences: 14, kills: 0, waits: false }),
};

interface Licence {
  id: string;
  tenant: number;
  graceDays: number;
  /** Hours from the beginning of the absence to the end; negative where it had ended before. */
  endsInHours: number;
}

async function drill({ servers, random, say }: DrillRoom, load: Load): Promise<Outcome> {
  const licensed = await LicensedGround.open(servers, load.tenants);
  try {
    const licences = await issueAll(licensed, random, load.licences);
    await schedulesAreThere(licensed);
    await licensed.ground.worker.kill();
    // What was due before the workers went away is not what this is about.
    await licensed.ground.ask(`update license_dues set state = 'done', settled_at = now() where due_at <= now()`);
    await licensed.letHoursPass(awayHours);
    // Schedules go on meanwhile, and what they start waits for a worker.
    if (!load.waits) await trigger(licensed);
    await licensed.ground.startWorker();
    for (let kill = 0; kill < load.kills; kill++) {
      await licensed.installation.until('some of it to be done', patienceMs, async () => {
        const [left] = await licensed.ground.ask<{ done: number }>(
          `select count(*)::int as done from license_dues where settled_at is not null`,
        );
        return left!.done > ((kill + 1) * load.licences) / (load.kills + 2);
      });
      await licensed.ground.worker.kill();
      await licensed.ground.startWorker();
    }
    await nothingIsDue(licensed, load.waits);
    const breaches = [
      ...wrongly(licences, await licensed.told()),
      ...(await mailedWrongly(licensed)),
      ...(await licensed.outOfStep()).map((what) => ({ rule: 'D8', what })),
    ];
    say(`${licences.length} licences over ${awayHours / 24} days, ${load.kills} kills while it was made up for`);
    return {
      figures: [{ what: 'licences', value: licences.length, unit: '' }],
      breaches: [...breaches, ...(await brokenInvariants(licensed.ground))],
    };
  } finally {
    await licensed.close();
  }
}

/** Ends from some days before the absence to some weeks after it. */
async function issueAll(licensed: LicensedGround, random: Random, count: number): Promise<Licence[]> {
  const policies = await Promise.all(
    graces.map((graceDays) => licensed.policy({ graceDays, reminders: ladder, onExpiry: 'degrade' })),
  );
  const licences: Licence[] = [];
  const now = Date.now();
  for (let one = 0; one < count; one++) {
    const grace = random.below(graces.length);
    const tenant = random.below(licensed.tenants.length);
    // Half an hour off the full hour: nothing is due in the moment in which it is looked at.
    const endsInHours = random.below(awayHours + 20 * 24) - 5 * 24 + 0.5;
    const id = await licensed.issue(licensed.tenants[tenant]!, policies[grace]!, {
      startsAt: new Date(now - 300 * 86_400_000).toISOString(),
      expiresAt: new Date(now + endsInHours * 3_600_000).toISOString(),
    });
    licences.push({ id, tenant, graceDays: graces[grace]!, endsInHours });
  }
  return licences;
}

const scheduleOf = ({ installation }: LicensedGround, kind: DrainKind) =>
  installation.temporal.client.schedule.getHandle(scheduleIdOf(kind, installation.platform.installation.id));

/** The worker makes them, some moments after it is ready. */
async function schedulesAreThere(licensed: LicensedGround): Promise<void> {
  for (const kind of drains)
    await licensed.installation.until(`the schedule ${kind}`, patienceMs, () =>
      scheduleOf(licensed, kind)
        .describe()
        .catch(() => null),
    );
}

async function trigger(licensed: LicensedGround): Promise<void> {
  for (const kind of drains) await scheduleOf(licensed, kind).trigger();
}

async function nothingIsDue(licensed: LicensedGround, waits: boolean): Promise<void> {
  await licensed.installation.until('everything to be told', patienceMs, async () => {
    const [left] = await licensed.ground.ask<{ due: number; mails: number }>(`
      select (select count(*) from license_dues where state = 'open' and due_at <= now())::int as due,
             (select count(*) from mails where state = 'waiting')::int as mails`);
    if (left!.due > 0 && !waits) await trigger(licensed);
    return left!.due === 0 && left!.mails === 0;
  });
}

/** What is to be told of a licence after the absence, and in which order, by its dates alone. */
function expected({ endsInHours, graceDays }: Licence): Told['what'][] {
  const wasMissed = (hours: number): boolean => hours > 0 && hours <= awayHours;
  const hasEnded = endsInHours <= awayHours;
  const rungs = [...ladder.before.map((days) => -days), ...ladder.after].filter((days) =>
    wasMissed(endsInHours + days * 24),
  );
  const newest = rungs.findLast((days) => !hasEnded || days > 0);
  return [
    ...(wasMissed(endsInHours) ? ['expired' as const] : []),
    ...(graceDays > 0 && wasMissed(endsInHours + graceDays * 24) ? ['grace_ended' as const] : []),
    ...(newest === undefined ? [] : [newest]),
  ];
}

function wrongly(licences: readonly Licence[], told: ReadonlyMap<string, Told[]>): Breach[] {
  return licences.flatMap((licence) => {
    const [was, is] = [(told.get(licence.id) ?? []).map(({ what }) => what), expected(licence)];
    if (was.join() === is.join()) return [];
    const about = `a licence that ended ${licence.endsInHours} h after the workers went, with ${licence.graceDays} days of grace`;
    return [{ rule: 'D8', what: `${about}: told “${was.join(', ')}” and not “${is.join(', ')}”` }];
  });
}

/** As many mails as things were told, and none of them twice. */
async function mailedWrongly(licensed: LicensedGround): Promise<Breach[]> {
  const queued = await licensed.ground.ask<{ tenant_id: string; count: number }>(
    `select tenant_id, count(*)::int as count from mails where kind = 'license' group by tenant_id`,
  );
  const counts = new Map(queued.map(({ tenant_id: id, count }) => [id, count]));
  return licensed.tenants.flatMap((tenant) => {
    const ids = licensed.mailsTo(tenant).map(({ messageId }) => messageId);
    const distinct = new Set(ids).size;
    const wanted = counts.get(tenant.tenantId) ?? 0;
    return distinct === wanted
      ? []
      : [{ rule: 'D8', what: `${distinct} mails arrived of the ${wanted} that were queued` }];
  });
}
