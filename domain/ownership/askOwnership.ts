import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { NewOwnershipChange } from '#contracts/life/ownership.ts';
import type { Sql } from '../database.ts';
import { theSystem, type Actor } from '../events/appendEvent.ts';
import { findTenantRealm, type Profile, type Realm } from '../people/realm.ts';
import type { Platform } from '../platform.ts';
import { requestCancel } from '../runs/ending/cancelRun.ts';
import { addSteps, openRun, type NewStep } from '../runs/openRun.ts';
import { notReversible, reversibleDays, type OpenedReverse } from '../runs/reversing.ts';
import { rows } from '../sql.ts';
import { adminOf } from '../tenants/viewTenant.ts';
import { hashFor, openConcerned, sealConcerned, tellOfOwnership } from './ownershipRow.ts';

type Terms = Omit<NewOwnershipChange, 'confirm'>;

/**
 * Opens the run that asks somebody to own a tenant, and hands it over when they agree. Call inside a transaction, with the tenant's key
 * read before. Refuses with `not_found`, `tenant_not_active`, `confirmation_mismatch`, `ownership_same`, `person_not_active`,
 * `ownership_nobody` (nobody owns it who could confirm), `run_in_progress` (another change).
 */
export async function askOwnership(
  em: Sql,
  platform: Platform,
  tenantId: string,
  { confirm, ...terms }: NewOwnershipChange,
  actor: Actor,
): Promise<OpenedReverse> {
  const tenant = await holdTenantToPass(em, platform, tenantId);
  if (confirm !== tenant.slug)
    throw new DomainError('confirmation_mismatch', "Type the tenant's address to confirm the change of its owner.", {
      fields: [{ path: 'confirm', message: "must be the tenant's address" }],
    });
  return open(em, platform, tenant, terms, actor);
}

/**
 * The same by an administrator of the tenant. Who does not own it proposes only: then its owner must confirm. Refuses as above.
 */
export async function offerAtPortal(
  em: Sql,
  platform: Platform,
  tenantId: string,
  wanted: NewOwnershipChange,
  actor: Actor,
): Promise<OpenedReverse> {
  const { realm, admin } = await holdTenantToPass(em, platform, tenantId);
  const [asker] = await rows<{ email: string }>(em)`
    select email from users where id = ${actor.userId} and tenant_id = ${tenantId}`;
  const isOwner = admin !== null && asker?.email === realm.indexOf(admin.email);
  const needsConfirmation = !isOwner && admin !== null;
  return askOwnership(em, platform, tenantId, { ...wanted, needsConfirmation }, actor);
}

/** Takes the open question back. Refuses with `not_found`, `run_not_cancellable`. */
export async function withdrawAtPortal(
  em: Sql,
  tenantId: string,
  actor: Actor,
): Promise<{ id: string; workflowId: string }> {
  const [open] = await rows<{ id: string; workflowId: string }>(em)`
    select r.id, r.workflow_id as "workflowId" from ownership_changes c join runs r on r.id = c.run_id
    where c.tenant_id = ${tenantId} and c.state in ('asked', 'agreed')
      -- What the platform has asked is the platform's to take back.
      and not exists (select 1 from users p where p.id = c.asked_by and p.tenant_id is null)`;
  if (!open) throw new DomainError('not_found', 'Nobody is asked to own this tenant.');
  await requestCancel(em, open.id, actor);
  return open;
}

/** The way back: whoever owned it before is asked to own it again. Needs their consent as the first time. */
export async function openReverseOwnership(
  em: Sql,
  { id: runId, tenantId }: { id: string; tenantId: string },
  actor: Actor,
  platform: Platform,
): Promise<OpenedReverse> {
  const tenant = await holdTenantToPass(em, platform, tenantId);
  const [done] = await rows<{ id: string; tenant_id: string; sealed_people: Buffer; is_last: boolean }>(em)`
    select id, tenant_id, sealed_people, not exists (
      select 1 from ownership_changes later
      where later.tenant_id = c.tenant_id and later.state = 'done' and later.ended_at > c.ended_at) as is_last
    from ownership_changes c where run_id = ${runId} and state = 'done'`;
  const people = done && (await openConcerned(platform.tenantKeys, done));
  if (!done || !people?.from) throw notReversible('Nobody owned this tenant before, to whom it could go back.');
  if (!done.is_last) throw notReversible('The tenant was handed over again since: take back the later change.');
  const terms: Terms = {
    to: { email: people.from.email, ...(people.from.name ? { name: people.from.name } : {}) },
    oldStaysAdmin: false,
    needsConfirmation: false,
    expiresInHours: (reversibleDays * 24) / 4,
  };
  return open(em, platform, tenant, terms, actor, { runId, changeId: done.id });
}

/** For a change whose workflow was lost: another run goes on where it was; the links that went out stay good. */
export async function reopenOwnership(em: Sql, tenantId: string, lostRunId: string): Promise<string | null> {
  const [change] = await rows<{ id: string }>(em)`
    select id from ownership_changes where run_id = ${lostRunId} and state in ('asked', 'agreed') for update`;
  if (!change) return null;
  const runId = newId();
  const run = { id: runId, kind: 'changeOwnership', tenantId, exclusive: false, cancellable: true } as const;
  await openRun(em, { ...run, parentRunId: lostRunId }, theSystem);
  await addSteps(em, runId, steps);
  await rows(em)`update ownership_changes set run_id = ${runId} where id = ${change.id}`;
  return runId;
}

interface PassedTenant {
  tenantId: string;
  slug: string;
  realm: Realm;
  admin: Profile | null;
}

async function holdTenantToPass(em: Sql, platform: Platform, tenantId: string): Promise<PassedTenant> {
  const [tenant] = await rows<{ state: string; admin_sealed: Buffer | null; slug: string | null }>(em)`
    select state, admin_sealed, (select slug from tenant_addresses a where a.tenant_id = t.id and a.state = 'current') as slug
    from tenants t where id = ${tenantId} for no key update`;
  if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
  const realm = tenant.state === 'active' ? await findTenantRealm(em, platform, tenantId) : null;
  if (!realm || tenant.slug === null)
    throw new DomainError('tenant_not_active', 'Only an active tenant passes to another owner.');
  const admin = await adminOf(platform.tenantKeys, { id: tenantId, adminSealed: tenant.admin_sealed });
  return { tenantId, slug: tenant.slug, realm, admin };
}

async function open(
  em: Sql,
  platform: Platform,
  { tenantId, slug, realm, admin }: PassedTenant,
  terms: Terms,
  actor: Actor,
  reverse?: { runId: string; changeId: string },
): Promise<OpenedReverse> {
  const to = await whoBecomesOwner(em, realm, terms.to);
  // Who is named and no administrator there any more gets that back like anybody else.
  if (to.isAdmin && admin && realm.indexOf(admin.email) === realm.indexOf(to.profile.email))
    throw new DomainError('ownership_same', 'This person owns the tenant already.');
  if (terms.needsConfirmation && !admin)
    throw new DomainError(
      'ownership_nobody',
      'Nobody owns the tenant who could confirm it. Leave the confirmation out.',
    );
  const [from] = admin
    ? await rows<{ id: string }>(em)`
        select id from users where tenant_id = ${tenantId} and email = ${realm.indexOf(admin.email)}`
    : [];
  const [id, runId] = [newId(), newId()];
  const run = { id: runId, kind: 'changeOwnership', tenantId, exclusive: false, cancellable: true } as const;
  await openRun(em, { ...run, ...(reverse ? { reverseOf: reverse.runId } : {}) }, actor);
  await addSteps(em, runId, steps);
  const sealed = await sealConcerned(platform.tenantKeys, tenantId, id, { to: to.profile, from: admin });
  const opened = await rows(em)`
    insert into ownership_changes (id, tenant_id, run_id, state, to_member, from_member, sealed_people, old_stays_admin,
                                   needs_confirmation, consent_hash, confirmation_hash, wait_seconds, asked_by, reverse_of)
    values (${id}, ${tenantId}, ${runId}, 'asked', ${to.memberId}, ${from?.id ?? null}, ${sealed}, ${terms.oldStaysAdmin},
            ${terms.needsConfirmation}, ${hashFor(platform, id, 'new_owner')},
            ${terms.needsConfirmation ? hashFor(platform, id, 'old_owner') : null}::bytea, ${terms.expiresInHours * 3600},
            ${actor.userId}, ${reverse?.changeId ?? null})
    on conflict (tenant_id) where state in ('asked', 'agreed') do nothing returning 1`;
  if (opened.length === 0)
    throw new DomainError('run_in_progress', 'Somebody is asked to own this tenant already. Wait, or take that back.');
  await tellOfOwnership(em, { id, tenant_id: tenantId, run_id: runId }, 'asked', actor);
  return { tenantId, slug, runId };
}

async function whoBecomesOwner(
  em: Sql,
  realm: Realm,
  to: Terms['to'],
): Promise<{ memberId: string | null; profile: Profile; isAdmin: boolean }> {
  const [member] = await rows<{
    id: string;
    email: string;
    name: null;
    sealed_profile: Buffer;
    disabled: boolean;
    is_admin: boolean;
  }>(em)`
    select id, email, name, sealed_profile, disabled_at is not null as disabled, portal_role = 'tenant-admin' as is_admin from users
    where tenant_id = ${realm.tenantId}::uuid
      and case when ${'memberId' in to} then id::text else email end = ${'memberId' in to ? to.memberId : realm.indexOf(to.email)}`;
  if (member?.disabled) throw new DomainError('person_not_active', 'This person is locked out of the tenant.');
  if (member) return { memberId: member.id, profile: realm.open(member.id, member), isAdmin: member.is_admin };
  if ('memberId' in to) throw new DomainError('not_found', 'There is no such member.');
  return { memberId: null, profile: { email: to.email.trim().toLowerCase(), name: to.name ?? null }, isAdmin: false };
}

const steps: NewStep[] = [
  { title: 'Ask the new owner', kind: 'fixed', provider: 'ownership.ask', act: 'ownership.ask', undo: null },
  { title: 'Wait for the answer', kind: 'fixed', provider: 'ownership.wait', act: 'ownership.wait', undo: null },
  {
    title: 'Hand the tenant over',
    kind: 'fixed',
    provider: 'ownership.handOver',
    act: 'ownership.handOver',
    undo: null,
  },
];
