import { DomainError } from '#contracts/errors.ts';
import type { LinkMade } from '#contracts/identity/people.ts';
import type { AdminInvitation } from '#contracts/portal/adminInvitation.ts';
import type { TenantState } from '#contracts/tenants.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import { isoOf } from '../isoOf.ts';
import { mailsReachPeople, queueMail } from '../mails/outbox.ts';
import { adminInvitationMail } from '../mails/texts.ts';
import { addInvited } from '../people/invitations.ts';
import { makeLink } from '../people/links.ts';
import { findTenantRealm, type Profile, type Realm } from '../people/realm.ts';
import { tellOfUser } from '../people/userEvents.ts';
import type { Platform } from '../platform.ts';
import { rows } from '../sql.ts';
import { changeTenant } from '../tenants/changeTenant.ts';
import { adminOf } from '../tenants/viewTenant.ts';
import { withdrawFormerAdmins } from './formerAdmins.ts';
import { hasOwnAdmin, hasPeople, holdOpenTenant } from './holdTenantPeople.ts';

/** How far the named administrator has come. Refuses with `not_found`. */
export async function viewAdminInvitation(em: Sql, platform: Platform, tenantId: string): Promise<AdminInvitation> {
  const [tenant] = await rows<{ state: TenantState; admin_sealed: Buffer | null }>(em)`
    select state, admin_sealed from tenants where id = ${tenantId}`;
  if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
  const admin = await adminOf(platform.tenantKeys, { id: tenantId, adminSealed: tenant.admin_sealed });
  const realm = admin && (await findTenantRealm(em, platform, tenantId));
  const [invited] = realm
    ? await rows<{ created_at: string; expires_at: string | null; is_over: boolean | null; joined_at: string | null }>(
        em,
      )`
        select coalesce(l.created_at, u.created_at) as created_at, l.expires_at, l.expires_at <= now() as is_over,
               u.activated_at as joined_at
        from users u left join one_time_links l on l.user_id = u.id and l.purpose = 'invitation' and l.used_at is null
        where u.tenant_id = ${tenantId} and u.email = ${realm.indexOf(admin.email)}`
    : [];
  const isTheirs = await hasOwnAdmin(em, tenantId);
  const isOpen = tenant.state === 'active' && !isTheirs;
  const waits = invited !== undefined && invited.joined_at === null;
  return {
    state:
      isTheirs || invited?.joined_at
        ? 'accepted'
        : !admin
          ? 'nobody_named'
          : !waits
            ? 'not_invited'
            : (invited.is_over ?? true)
              ? 'expired'
              : 'waiting',
    admin,
    invitedAt: invited ? isoOf(invited.created_at) : null,
    expiresAt: invited?.expires_at ? isoOf(invited.expires_at) : null,
    acceptedAt: invited?.joined_at ? isoOf(invited.joined_at) : null,
    may: { resend: isOpen && admin !== null, correct: isOpen && !(await hasPeople(em, tenantId)) },
  };
}

/**
 * Makes the named administrator a member-to-be with a one-time link; whoever was named before and has not accepted is not invited any
 * more. Null when somebody is the tenant's administrator already: then its people are its own affair.
 *
 * @param token for who must be able to make the very same link again
 */
export async function inviteAdmin(
  em: Sql,
  realm: Realm & { tenantId: string },
  admin: Profile,
  actor: Actor,
  token?: string,
): Promise<{ link: string; expiresAt: string } | null> {
  await holdOpenTenant(em, realm);
  if (await hasOwnAdmin(em, realm.tenantId)) return null;
  const index = realm.indexOf(admin.email);
  await withdrawFormerAdmins(em, realm.tenantId, index, actor);
  const [known] = await rows<{ id: string; joined: boolean }>(em)`
    select id, activated_at is not null as joined from users
    where tenant_id = ${realm.tenantId} and email = ${index} for update`;
  if (known?.joined) return null;
  const wanted = { email: admin.email, portalRole: 'tenant-admin' as const };
  const userId =
    known?.id ?? (await addInvited(em, realm, admin.name ? { ...wanted, name: admin.name } : wanted, actor));
  if (known) await tellOfUser(em, userId, 'user.invited_again', {}, actor);
  const made = await makeLink(em, {
    purpose: 'invitation',
    userId,
    createdBy: actor.userId,
    ...(token === undefined ? {} : { token }),
  });
  return { link: realm.linkUrl('invitation', made.token), expiresAt: made.expiresAt };
}

/** Once more, by a new link; the earlier one ends. Refuses with `not_found`, `person_not_invited`, `tenant_not_active`. */
export async function resendAdminInvitation(
  em: Sql,
  platform: Platform,
  tenantId: string,
  actor: Actor,
): Promise<LinkMade> {
  const [tenant] = await rows<{ admin_sealed: Buffer | null }>(em)`
    select admin_sealed from tenants where id = ${tenantId}`;
  if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
  const admin = await adminOf(platform.tenantKeys, { id: tenantId, adminSealed: tenant.admin_sealed });
  const realm = await findTenantRealm(em, platform, tenantId);
  if (!realm) throw new DomainError('tenant_not_active', 'The tenant is not active.');
  const invited = admin && (await inviteAdmin(em, { ...realm, tenantId }, admin, actor));
  if (!invited)
    throw new DomainError(
      'person_not_invited',
      admin ? 'The tenant has an administrator of its own, who invites others.' : 'No administrator is named.',
    );
  await queueMail(em, realm.keyring, admin.email, adminInvitationMail({ ...invited, admin }, realm), tenantId);
  return { expiresAt: invited.expiresAt, link: (await mailsReachPeople(em)) ? null : invited.link };
}

/** Another address, because the named one was wrong, while nobody has accepted. Refuses as above. */
export async function correctAdmin(
  em: Sql,
  platform: Platform,
  tenantId: string,
  { email, name }: { email: string; name?: string | null | undefined },
  actor: Actor,
): Promise<LinkMade> {
  if (await hasPeople(em, tenantId))
    throw new DomainError('person_not_invited', 'The tenant has an administrator of its own.');
  await changeTenant(em, platform.tenantKeys, tenantId, { admin: { email, ...(name ? { name } : {}) } }, actor);
  return resendAdminInvitation(em, platform, tenantId, actor);
}
