import type { LicenseLapse } from '#contracts/licenses/licenses.ts';
import type { Sql } from '../../database.ts';
import { appendEvents, theSystem, type NewEvent } from '../../events/appendEvent.ts';
import { isoOf } from '../../isoOf.ts';
import { queueNotices } from '../../notifications/queueNotifications.ts';
import { rows } from '../../sql.ts';
import { carryOut, type Drained, type Settlement } from './carryOut.ts';
import { endMail, mailAdmins, whyNobody, type Told } from './dueMails.ts';
import { findDue, type DueLicense, type DueRow } from './dueRows.ts';

const byPolicy = { block: 'blocked', degrade: 'degraded', log: 'logged' } as const satisfies Record<
  DueLicense['on_expiry'],
  LicenseLapse
>;

/**
 * Carries out the ends that came by `now`: the licence says what its end led to, who is let in by a blocked one is so no more, and
 * it is told, once, however late. A licence whose grace is over too says both, in their order, and is written of once.
 */
export async function drainEnds(em: Sql, platform: Told, now: Date, most = 250): Promise<Drained> {
  const found = await findDue(em, 'ends', now, most);
  await platform.tenantKeys.load(found.map(({ tenantId }) => tenantId));
  return carryOut(
    em,
    found.map(({ licenseId }) => licenseId),
    { drain: 'ends', now, settle: (tx, held) => end(tx, platform, held) },
  );
}

async function end(em: Sql, platform: Told, held: readonly DueLicense[]): Promise<Settlement> {
  await lapse(em, held);
  // Events of one stream are appended one after the other.
  for (const kind of ['expiry', 'grace_end'] as const)
    await appendEvents(
      em,
      held.flatMap((licence) => licence.dues.filter((due) => due.kind === kind).map((due) => eventOf(licence, due))),
      theSystem,
    );
  await mailAdmins(
    em,
    platform,
    held
      .filter((licence) => whyNobody(licence) === null)
      .map((licence) => ({ licence, text: endMail(licence, kindOfLast(licence)) })),
  );
  await queueNotices(
    em,
    held.map((licence) => ({
      kind: 'license_expired',
      tenantId: licence.tenant_id,
      licenseId: licence.id,
      product: licence.product,
      lapse: lapseOf(licence),
      endsAt: isoOf(licence.expires_at!),
    })),
  );
  return { settled: held.flatMap(({ dues }) => dues.map((due) => ({ due, why: null }))) };
}

const kindOfLast = ({ dues }: DueLicense): 'expiry' | 'grace_end' =>
  dues.at(-1)?.kind === 'grace_end' ? 'grace_end' : 'expiry';

/** While its grace lasts nothing is taken away. */
function lapseOf(licence: DueLicense): LicenseLapse {
  const hasGrace = isoOf(licence.over_at!) !== isoOf(licence.expires_at!);
  return hasGrace && kindOfLast(licence) === 'expiry' ? 'grace' : byPolicy[licence.on_expiry];
}

async function lapse(em: Sql, held: readonly DueLicense[]): Promise<void> {
  const lapses = held.map(lapseOf);
  await rows(em)`
    update licenses l set lapse = w.lapse
    from unnest(${held.map(({ id }) => id)}::uuid[], ${lapses}::text[]) as w (id, lapse) where l.id = w.id`;
  const blocked = held.filter((_, at) => lapses[at] === 'blocked').map(({ id }) => id);
  await rows(em)`delete from license_uses where license_id = any(${blocked}::uuid[])`;
}

function eventOf(licence: DueLicense, { kind, ends_at: endsAt }: DueRow): NewEvent {
  const overAt = isoOf(licence.over_at!);
  const hasGrace = overAt !== isoOf(endsAt);
  return {
    stream: `license:${licence.id}`,
    type: kind === 'expiry' ? 'license.expired' : 'license.grace_ended',
    tenantId: licence.tenant_id,
    data: {
      endsAt: isoOf(endsAt),
      ...(kind === 'expiry' ? { graceUntil: hasGrace ? overAt : null } : {}),
      ...(kind === 'grace_end' || !hasGrace ? { lapse: byPolicy[licence.on_expiry] } : {}),
    },
  };
}
