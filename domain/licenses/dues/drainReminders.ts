import type { Sql } from '../../database.ts';
import { appendEvents, theSystem, type NewEvent } from '../../events/appendEvent.ts';
import { isoOf } from '../../isoOf.ts';
import { queueNotices } from '../../notifications/queueNotifications.ts';
import { carryOut, type Drained, type Settlement } from './carryOut.ts';
import { mailAdmins, reminderMail, whyNobody, type Told } from './dueMails.ts';
import { findDue, type DueLicense, type DueRow } from './dueRows.ts';
import { climb } from './ladder.ts';

interface Climbed {
  licence: DueLicense;
  sent: DueRow | null;
  passed: { rung: DueRow; why: string }[];
}

/**
 * Reminds of licences that end, or ended, by `now`: by a mail to the tenant's administrator, an event, and what people of the platform
 * asked to hear. One batch is one transaction, and each reminder goes out once: who drains at the same time takes other licences.
 */
export const drainReminders = async (em: Sql, platform: Told, now: Date, most = 250): Promise<Drained> =>
  remindOf(em, platform, await findDue(em, 'reminders', now, most), now);

/** The same for these licences, of which something is due by `now`. */
export async function remindOf(
  em: Sql,
  platform: Told,
  licences: readonly { licenseId: string; tenantId: string }[],
  now: Date,
): Promise<Drained> {
  await platform.tenantKeys.load(licences.map(({ tenantId }) => tenantId));
  return carryOut(
    em,
    licences.map(({ licenseId }) => licenseId),
    { drain: 'reminders', now, settle: (tx, held) => remind(tx, platform, held, now) },
  );
}

async function remind(em: Sql, platform: Told, held: readonly DueLicense[], now: Date): Promise<Settlement> {
  const climbed = held.map((licence) => climbFor(licence, now));
  const sent = climbed.flatMap(({ licence, sent: rung }) => (rung ? [{ licence, rung }] : []));
  const written = await mailAdmins(
    em,
    platform,
    sent.map(({ licence }) => ({
      licence,
      text: reminderMail(licence, now),
    })),
  );
  await queueNotices(
    em,
    sent.map(({ licence, rung }) => ({
      kind: 'license_reminder',
      tenantId: licence.tenant_id,
      licenseId: licence.id,
      product: licence.product,
      days: rung.days,
      endsAt: isoOf(rung.ends_at),
    })),
  );
  await appendEvents(
    em,
    climbed.map((one) => eventOf(one, written.has(one.licence.id))),
    theSystem,
  );
  return {
    settled: climbed.flatMap(({ sent: rung, passed }) => [
      ...(rung ? [{ due: rung, why: null }] : []),
      ...passed.map(({ rung: due, why }) => ({ due, why })),
    ]),
  };
}

/** A reminder of an end that was moved meanwhile cannot be here: whoever moves an end drops its reminders. */
function climbFor(licence: DueLicense, now: Date): Climbed {
  const hasEnded = licence.expires_at !== null && new Date(licence.expires_at) <= now;
  return { licence, ...climb(licence.dues, { hasEnded, whyNobody: whyNobody(licence) }) };
}

function eventOf({ licence, sent, passed }: Climbed, byMail: boolean): NewEvent {
  const passedOver = passed.map(({ rung: { days }, why }) => ({ days, why }));
  const endsAt = isoOf(licence.dues[0]!.ends_at);
  return {
    stream: `license:${licence.id}`,
    type: sent ? 'license.reminded' : 'license.reminders_passed',
    tenantId: licence.tenant_id,
    data: { endsAt, ...(sent ? { days: sent.days, byMail } : {}), ...(passed.length > 0 ? { passedOver } : {}) },
  };
}
