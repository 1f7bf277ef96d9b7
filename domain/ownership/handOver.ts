import { DomainError } from '#contracts/errors.ts';
import { runIsOver } from '#contracts/runStates.ts';
import type { RunRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { addInvited } from '../people/invitations.ts';
import { makeLink } from '../people/links.ts';
import { findTenantRealm, type KeptProfile } from '../people/realm.ts';
import { revokeSessions } from '../people/sessions.ts';
import { tellOfUser } from '../people/userEvents.ts';
import type { Platform } from '../platform.ts';
import { leaveTenant, takeTenant } from '../runs/exclusivity.ts';
import { moveRun, type Ledger } from '../runs/ledger.ts';
import { offerReverse } from '../runs/reversing.ts';
import { endSupportOf } from '../support/endSupport.ts';
import { json, rows } from '../sql.ts';
import { mailOutcome, mailQuestions } from './ownershipMails.ts';
import { lockOwnership, openConcerned, tellOfOwnership, type OwnershipRow } from './ownershipRow.ts';

const reminders = 2;

export type Answered = 'agreed' | 'declined' | 'expired' | 'gone';

/** How far the answers have come, and until when nothing is to be done. */
export interface OwnershipLook {
  answered: Answered | null;
  nextAt: string;
}

/**
 * Asks, reminds and expires by the workflow's clock, each once: what an earlier attempt wrote is found.
 *
 * @param now RFC 3339, by the workflow
 */
export function lookAtOwnership(ledger: Ledger, platform: Platform, ref: RunRef, now: string): Promise<OwnershipLook> {
  return ledger.onRun<OwnershipLook>(ref, async (em, run) => {
    const row = await lockOwnership(em, run.id);
    const settled = (answered: Answered) => ({ changed: false, result: { answered, nextAt: now } });
    if (row.state === 'agreed' || row.state === 'done') return settled('agreed');
    if (row.state !== 'asked') return settled(row.state === 'expired' ? 'expired' : 'declined');
    if (!(await isThere(em, row.tenant_id))) return settled('gone');
    const [start, at] = [Date.parse(now), Date.parse(now)];
    const expiresAt = row.expires_at ? Date.parse(row.expires_at) : start + row.wait_seconds * 1000;
    if (at >= expiresAt) {
      await rows(em)`update ownership_changes set state = 'expired', ended_at = now() where id = ${row.id}`;
      await tellOfOwnership(em, row, 'expired', run.actor);
      return { changed: true, result: { answered: 'expired', nextAt: now } };
    }
    const due = row.expires_at ? remindersDue(expiresAt, row.wait_seconds, at) : 0;
    const isFirst = row.expires_at === null;
    if (isFirst || due > row.reminded) {
      const timed = { ...row, expires_at: new Date(expiresAt).toISOString() };
      await rows(em)`
        update ownership_changes set expires_at = ${timed.expires_at}, reminded = ${due} where id = ${row.id}`;
      await mailQuestions(em, platform, timed, !isFirst);
      if (!isFirst) await tellOfOwnership(em, row, 'reminded', run.actor);
    }
    const nextAt = Math.min(expiresAt, ...reminderTimes(expiresAt, row.wait_seconds).filter((time) => time > at));
    return { changed: true, result: { answered: null, nextAt: new Date(nextAt).toISOString() } };
  });
}

/** At one half, and at nine tenths of the time. */
const reminderTimes = (expiresAt: number, seconds: number): number[] =>
  [0.5, 0.1].map((left) => expiresAt - left * seconds * 1000);
const remindersDue = (expiresAt: number, seconds: number, now: number): number =>
  Math.min(reminders, reminderTimes(expiresAt, seconds).filter((time) => time <= now).length);

async function isThere(em: Sql, tenantId: string): Promise<boolean> {
  const [tenant] = await rows(em)`
    select 1 from tenants where id = ${tenantId} and state in ('active', 'suspended', 'offboarding')`;
  return tenant !== undefined;
}

/** Stands still until somebody answers, visibly; anybody else may change the tenant meanwhile. */
export function waitForAnswers(ledger: Ledger, ref: RunRef, stepId: string): Promise<void> {
  return ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state) || run.state === 'waiting') return { changed: false, result: undefined };
    await rows(em)`
      update run_steps set state = case when id = ${stepId} then 'waiting' else 'done' end, attempt = 1,
        started_at = coalesce(started_at, now()), finished_at = case when id <> ${stepId} then now() end
      where run_id = ${run.id} and position <= (select position from run_steps where id = ${stepId})`;
    await rows(em)`
      update runs set held_by = 'consent', held_since = now(), held_step_id = ${stepId} where id = ${run.id}`;
    await moveRun(em, run, 'waiting');
    return { changed: true, result: undefined };
  });
}

/**
 * The moment of change, in one transaction: who is named, who is an administrator, whose sessions end. From then on the way back is
 * another run. A cancel that was accepted before wins (`run_over`). Refuses with `run_in_progress` while another run changes the tenant,
 * `tenant_suspended` (tried again), `tenant_not_active`, `person_not_active`.
 */
export async function handOver(ledger: Ledger, platform: Platform, ref: RunRef): Promise<void> {
  await platform.tenantKeys.find(ref.tenantId); // before the transaction, which would want a second connection
  await ledger.onRun(ref, async (em, run) => {
    if (run.state === 'succeeded') return { changed: false, result: undefined }; // an earlier attempt's answer was lost
    if (runIsOver(run.state) || run.cancelRequestedAt)
      throw new DomainError('run_over', 'The change was taken back before it was made.');
    const row = await lockOwnership(em, run.id);
    if (row.state !== 'agreed') throw new DomainError('run_over', `The change has ended (${row.state}).`);
    await refuseUnlessActive(em, row.tenant_id);
    await takeTenant(em, { id: run.id, tenantId: row.tenant_id });
    const invitation = await change(em, platform, row, run.actor);
    await rows(em)`update ownership_changes set state = 'done', ended_at = now() where id = ${row.id}`;
    await tellOfOwnership(em, row, 'changed', run.actor);
    // Whoever named the administrator may not ask them for consent to act for them.
    const { tenant_id: tenantId } = row;
    await appendEvent(
      em,
      { stream: `tenant:${tenantId}`, type: 'tenant.changed', tenantId, data: { fields: ['admin'] } },
      run.actor,
    );
    await mailOutcome(em, platform, row, invitation);
    await offerReverse(em, run.id);
    await rows(em)`
      update run_steps set state = 'done', attempt = greatest(attempt, 1), started_at = coalesce(started_at, now()),
        finished_at = now(), reason_code = null, reason = null
      where run_id = ${run.id} and state <> 'done'`;
    await leaveTenant(em, run);
    if (run.state !== 'running') await moveRun(em, run, 'running');
    await moveRun(em, run, 'succeeded');
    return { changed: true, result: undefined };
  });
}

async function refuseUnlessActive(em: Sql, tenantId: string): Promise<void> {
  const [tenant] = await rows<{ state: string }>(
    em,
  )`select state from tenants where id = ${tenantId} for no key update`;
  if (tenant?.state === 'suspended' || tenant?.state === 'offboarding')
    throw new DomainError('tenant_suspended', 'The tenant is suspended; it is handed over when it is open again.');
  if (tenant?.state !== 'active') throw new DomainError('tenant_not_active', 'The tenant is being removed.');
}

/** @returns the link by which a new person chooses a password */
async function change(em: Sql, platform: Platform, row: OwnershipRow, actor: Actor): Promise<string | null> {
  const [realm, people] = [
    await findTenantRealm(em, platform, row.tenant_id),
    await openConcerned(platform.tenantKeys, row),
  ];
  if (!realm || !people) throw new DomainError('tenant_not_active', 'The tenant is being removed.');
  const index = realm.indexOf(people.to.email);
  const [known] = await rows<KeptProfile & { id: string; role: string; disabled: boolean; joined: boolean }>(em)`
    select id, email, name, sealed_profile, portal_role as role, disabled_at is not null as disabled, activated_at is not null as joined from users
    where tenant_id = ${row.tenant_id} and (id = ${row.to_member}::uuid or email = ${index}) order by id = ${row.to_member}::uuid desc
    limit 1 for update`;
  // Who was a member when asked and is none any more was removed by the tenant, which says enough.
  if (known?.disabled || (!known && row.to_member))
    throw new DomainError('person_not_active', 'The person who agreed does not belong to the tenant any more.');
  const to = known ? realm.open(known.id, known) : people.to; // by the address that they have now
  const invited = { email: to.email, ...(to.name ? { name: to.name } : {}) };
  const userId = known?.id ?? (await addInvited(em, realm, { ...invited, portalRole: 'tenant-admin' }, actor));
  if (known && known.role !== 'tenant-admin') await giveRole(em, userId, known.role, 'tenant-admin', actor);
  if (!row.old_stays_admin) await demoteOld(em, row, userId, actor);
  const sealed = await platform.tenantKeys.sealFor(row.tenant_id, json(invited), 'admin');
  await rows(em)`
    update tenants set admin_sealed = ${sealed}, version = version + 1, updated_at = now() where id = ${row.tenant_id}`;
  // Who acts for the tenant does so by the consent of who does not own it any more.
  await endSupportOf(em, row.tenant_id, actor);
  if (known?.joined) return null;
  const { token } = await makeLink(em, { purpose: 'invitation', userId, createdBy: actor.userId });
  return realm.linkUrl('invitation', token);
}

async function demoteOld(em: Sql, row: OwnershipRow, newOwner: string, actor: Actor): Promise<void> {
  const [old] = await rows<{ id: string; role: string }>(em)`
    select id, portal_role as role from users
    where id = ${row.from_member}::uuid and tenant_id = ${row.tenant_id} and id <> ${newOwner} for update`;
  if (old?.role !== 'tenant-admin') return;
  await giveRole(em, old.id, old.role, 'member', actor);
  await revokeSessions(em, { userId: old.id, reason: 'ownership_changed' }, actor);
}

async function giveRole(em: Sql, userId: string, from: string, to: string, actor: Actor): Promise<void> {
  await rows(em)`update users set portal_role = ${to} where id = ${userId} and tenant_id is not null`;
  await tellOfUser(em, userId, 'user.role_changed', { from, to }, actor);
}

/** Ends a change that did not come about: nothing has changed. */
export function closeUnchanged(ledger: Ledger, ref: RunRef): Promise<'cancelled' | 'rolled_back'> {
  return ledger.onRun(ref, async (em, run) => {
    if (run.state === 'cancelled' || run.state === 'rolled_back') return { changed: false, result: run.state };
    const row = await lockOwnership(em, run.id);
    if (row.state === 'asked' || row.state === 'agreed') {
      await rows(em)`update ownership_changes set state = 'withdrawn', ended_at = now() where id = ${row.id}`;
      await tellOfOwnership(em, row, 'withdrawn', run.actor);
    }
    await leaveTenant(em, run);
    const outcome = run.cancelRequestedAt ? 'cancelled' : 'rolled_back';
    await moveRun(em, run, outcome);
    return { changed: true, result: outcome };
  });
}
