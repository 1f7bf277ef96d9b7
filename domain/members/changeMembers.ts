import { DomainError } from '#contracts/errors.ts';
import type { LinkMade } from '#contracts/identity/people.ts';
import type { MemberChange, NewMember } from '#contracts/portal/members.ts';
import type { PortalRole } from '#contracts/portal/permissions.ts';
import { bumpAccessEpoch } from '../access/epoch.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import { disablePerson, enablePerson, resetFactors } from '../people/changePeople.ts';
import { correctInvited, inviteAgain, invitePerson, withdrawInvitation } from '../people/invitations.ts';
import { changeProfile } from '../people/profiles.ts';
import type { Realm } from '../people/realm.ts';
import { revokeSessions } from '../people/sessions.ts';
import { tellOfUser } from '../people/userEvents.ts';
import { rows } from '../sql.ts';
import { holdOpenTenant, refuseWithoutAdmin } from './holdTenantPeople.ts';
import { noteInvited } from './noteProgress.ts';
import { noMember } from './viewMembers.ts';

/** All of these belong into a transaction, and refuse with `tenant_not_active` once the tenant's doors are closed. */

/** Somebody new. Refuses with `email_taken`. */
export async function inviteMember(
  em: Sql,
  realm: Realm,
  { role, ...invited }: NewMember,
  actor: Actor,
): Promise<LinkMade & { userId: string }> {
  await holdOpenTenant(em, realm);
  await noteInvited(em, realm, actor);
  return invitePerson(em, realm, { ...invited, portalRole: role }, actor);
}

/** Refuses with `not_found`, `person_not_invited`. */
export async function inviteMemberAgain(em: Sql, realm: Realm, memberId: string, actor: Actor): Promise<LinkMade> {
  await holdOpenTenant(em, realm);
  return inviteAgain(em, realm, memberId, actor);
}

/**
 * Another role, name, or, while nobody accepted, address: then the earlier link ends and a new one goes to the new address, which is
 * returned. Refuses with `not_found`, `person_not_invited`, `email_taken`, `last_tenant_admin`.
 */
export async function changeMember(
  em: Sql,
  realm: Realm,
  memberId: string,
  { role, name, email }: MemberChange,
  actor: Actor,
): Promise<LinkMade | null> {
  await holdOpenTenant(em, realm);
  if (role !== undefined) await changeRole(em, realm, memberId, role, actor);
  if (email !== undefined)
    return correctInvited(em, realm, memberId, { email, ...(name === undefined ? {} : { name }) }, actor);
  if (name !== undefined) {
    await changeProfile(em, realm, memberId, { name });
    await tellOfUser(em, memberId, 'user.renamed', {}, actor);
    await bumpAccessEpoch(em);
  }
  return null;
}

async function changeRole(em: Sql, realm: Realm, memberId: string, role: PortalRole, actor: Actor): Promise<void> {
  const { portalRole: before } = await holdMember(em, realm, memberId);
  if (before === role) return;
  await rows(em)`update users set portal_role = ${role} where id = ${memberId}`;
  if (before === 'tenant-admin') await refuseWithoutAdmin(em, realm);
  await tellOfUser(em, memberId, 'user.role_changed', { from: before, to: role }, actor);
  await bumpAccessEpoch(em);
}

/** Refuses with `not_found`, `person_oneself`, `person_not_active`, `last_tenant_admin`. */
export async function disableMember(em: Sql, realm: Realm, memberId: string, actor: Actor): Promise<void> {
  await holdOpenTenant(em, realm);
  await disablePerson(em, realm, memberId, actor);
  await refuseWithoutAdmin(em, realm);
}

/** Refuses with `not_found`, `person_oneself`. */
export async function enableMember(em: Sql, realm: Realm, memberId: string, actor: Actor): Promise<void> {
  await holdOpenTenant(em, realm);
  await enablePerson(em, realm, memberId, actor);
}

/** Refuses with `not_found`, `person_oneself`. */
export async function resetMemberFactors(em: Sql, realm: Realm, memberId: string, actor: Actor): Promise<void> {
  await holdOpenTenant(em, realm);
  await resetFactors(em, realm, memberId, actor);
}

/** Withdraws an invitation, or removes who accepted one: nothing is left of them but what happened. Refuses as disabling does. */
export async function removeMember(em: Sql, realm: Realm, memberId: string, actor: Actor): Promise<void> {
  await holdOpenTenant(em, realm);
  if (memberId === actor.userId) throw new DomainError('person_oneself', 'Somebody else must do this for you.');
  const { isInvited } = await holdMember(em, realm, memberId);
  if (isInvited) return withdrawInvitation(em, realm, memberId, actor);
  await revokeSessions(em, { userId: memberId, reason: 'removed' }, actor);
  await tellOfUser(em, memberId, 'user.removed', {}, actor);
  await rows(em)`delete from users where id = ${memberId} and tenant_id = ${realm.tenantId}::uuid`;
  await refuseWithoutAdmin(em, realm);
}

async function holdMember(
  em: Sql,
  { tenantId }: Realm,
  memberId: string,
): Promise<{ portalRole: PortalRole; isInvited: boolean }> {
  const [found] = await rows<{ portal_role: PortalRole; is_invited: boolean }>(em)`
    select portal_role, activated_at is null and disabled_at is null as is_invited from users
    where id = ${memberId} and tenant_id = ${tenantId}::uuid for update`;
  if (!found) throw noMember();
  return { portalRole: found.portal_role, isInvited: found.is_invited };
}
