import { DomainError } from '#contracts/errors.ts';
import type { OnboardingItem } from '#contracts/onboarding/items.ts';
import type { RunRef } from '#contracts/workflowInputs.ts';
import { runIsOver } from '#contracts/runStates.ts';
import type { Sql } from '../database.ts';
import { appendEvent, theSystem, type Actor } from '../events/appendEvent.ts';
import { queueMail } from '../mails/outbox.ts';
import type { Platform } from '../platform.ts';
import type { Ledger } from '../runs/ledger.ts';
import { rows } from '../sql.ts';
import { openTask } from '../tasks/openTask.ts';
import { adminOf } from '../tenants/viewTenant.ts';
import { tell } from './lookOnboarding.ts';
import { reminderMail } from './mails.ts';
import { lockOpenOnboarding, whyNone } from './settleItem.ts';

/** What became due while nobody looked goes out in this distance, so that it arrives in its order. */
const apartSeconds = 3;
const remindedLatelySeconds = 3_600;

type Posting = Pick<Platform, 'installation' | 'configuration' | 'tenantKeys'>;

/**
 * Reminds the tenant's administrator, once for each rung: the mail is queued in the transaction that takes the rung. Where everything
 * is settled, or nobody is named, the rung passes silently.
 *
 * @returns whether a mail was queued by this call
 */
export function remind(ledger: Ledger, posting: Posting, ref: RunRef, rung: number, nowMs: number): Promise<boolean> {
  return ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: false };
    const taken = await rows(em)`
      update onboardings set rung = rung + 1, reminded_ms = ${nowMs}::bigint
      where run_id = ${run.id} and state = 'open' and rung = ${rung} and paused_ms is null returning 1`;
    if (taken.length === 0) return { changed: false, result: false };
    const mailId = await queueReminder(em, posting, ref.tenantId, run.id);
    await rows(em)`
      insert into onboarding_reminders (run_id, rung, mail_id, at_ms) values (${run.id}, ${rung}, ${mailId}::uuid, ${nowMs}::bigint)`;
    if (mailId) await tell(em, run, 'onboarding.reminded', { rung: rung + 1 });
    return { changed: true, result: mailId !== null };
  });
}

/**
 * Reminds because somebody of the platform asks for it; the ladder stays as it is. Refuses with `onboarding_over`, `reminded_lately`
 * (an hour has to pass), `nobody_to_remind`.
 */
export async function remindNow(em: Sql, posting: Posting, tenantId: string, actor: Actor): Promise<void> {
  const open = await lockOpenOnboarding(em, tenantId);
  if (!open) throw await whyNone(em, tenantId);
  const lately = await rows(em)`
    select 1 from onboarding_reminders r join mails m on m.id = r.mail_id
    where r.run_id = ${open.runId} and m.created_at > now() - make_interval(secs => ${remindedLatelySeconds}::int)`;
  if (lately.length > 0)
    throw new DomainError('reminded_lately', 'A reminder went out within the last hour.', {
      extra: { retryAfterSeconds: remindedLatelySeconds },
    });
  const mailId = await queueReminder(em, posting, tenantId, open.runId);
  if (!mailId)
    throw new DomainError(
      'nobody_to_remind',
      'Nobody is named as administrator of this tenant, or nothing is left to do.',
    );
  // By hand: below zero, apart from the rungs of the ladder.
  await rows(em)`
    insert into onboarding_reminders (run_id, rung, mail_id, at_ms)
    select ${open.runId}::uuid, least(0, min(rung)) - 1, ${mailId}::uuid, ${Date.now()}::bigint
    from onboarding_reminders where run_id = ${open.runId}`;
  await appendEvent(
    em,
    { stream: `onboarding:${open.runId}`, type: 'onboarding.reminded', tenantId, data: { byHand: true } },
    actor,
  );
}

/** Null when there is nothing to remind of, or nobody to remind. */
async function queueReminder(em: Sql, posting: Posting, tenantId: string, runId: string): Promise<string | null> {
  const [found] = await rows<{
    name: string;
    admin: Buffer | null;
    slug: string | null;
    open: OnboardingItem[];
    waiting: number;
  }>(em)`
    select t.name, t.admin_sealed as admin, a.slug,
      array(select item from onboarding_items where run_id = ${runId} and state = 'open' order by position) as open,
      (select count(*)::int from onboarding_reminders r join mails m on m.id = r.mail_id
       where r.run_id = ${runId} and m.state = 'waiting') as waiting
    from tenants t left join tenant_addresses a on a.tenant_id = t.id and a.state = 'current' where t.id = ${tenantId}`;
  const admin = found && (await adminOf(posting.tenantKeys, { id: tenantId, adminSealed: found.admin }));
  if (!found || !admin || found.open.length === 0) return null;
  const { installation, configuration } = posting;
  const portal = `${configuration.publicUrl}/portal/${found.slug ?? ''}`;
  const text = reminderMail({ tenant: found.name, open: found.open, portal, name: admin.name });
  const mailId = await queueMail(em, installation.keyring, admin.email, text, tenantId);
  if (found.waiting > 0)
    await rows(em)`
      update mails set next_attempt_at = now() + make_interval(secs => ${apartSeconds * found.waiting}::int) where id = ${mailId}`;
  return mailId;
}

/** Asks the platform to look at a tenant that does not come along; once. */
export function escalate(ledger: Ledger, ref: RunRef, nowMs: number): Promise<void> {
  return ledger.onRun(ref, async (em, run) => {
    const escalated = await rows<{ left: OnboardingItem[] }>(em)`
      update onboardings o set escalated_ms = ${nowMs}::bigint
      where run_id = ${run.id} and state = 'open' and escalated_ms is null
      returning array(select item from onboarding_items i where i.run_id = o.run_id and i.state = 'open' order by position) as left`;
    const [now] = escalated;
    if (!now) return { changed: false, result: undefined };
    await openTask(
      em,
      {
        kind: 'onboarding_overdue',
        runId: run.id,
        tenantId: ref.tenantId,
        title: 'An onboarding does not come along',
        reason: {
          code: 'onboarding_overdue',
          text: `${now.left.length} of its steps are still open after all reminders' time.`,
        },
      },
      theSystem,
    );
    await tell(em, run, 'onboarding.escalated', { open: now.left });
    return { changed: true, result: undefined };
  });
}
