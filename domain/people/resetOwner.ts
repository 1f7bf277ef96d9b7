import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';
import { makeLink } from './links.ts';
import { platformLinkUrl } from './realm.ts';
import { tellOfUser } from './userEvents.ts';

/**
 * For an owner who lost the password or every factor, by whoever operates this installation: a link to choose a new password, good for
 * an hour, which takes the second factors away and opens a disabled sign-in when it is used. Until then nothing changes.
 *
 * @param email which owner; may be left out while there is one. Refuses with `not_found`.
 */
export async function resetOwner(
  em: Sql,
  { email = null, publicUrl }: { email?: string | null; publicUrl: string },
  actor: Actor,
): Promise<{ link: string; email: string; expiresAt: string }> {
  return em.transactional(async (tx) => {
    const owners = await rows<{ id: string; email: string }>(tx)`
      select u.id, u.email from users u
      where u.tenant_id is null and (${email}::text is null or u.email = lower(${email}::text)) and exists (
        select 1 from role_assignments a where a.user_id = u.id and a.role = 'owner' and a.scope_kind = 'platform')
      order by u.created_at, u.id for no key update`;
    const [owner, another] = owners;
    if (!owner) throw new DomainError('not_found', 'There is no such owner.');
    if (another) throw new DomainError('not_found', 'There are several owners: name one by the e-mail address.');
    const { token, expiresAt } = await makeLink(tx, { purpose: 'recovery', userId: owner.id, createdBy: null });
    await tellOfUser(tx, owner.id, 'user.recovery_opened', {}, actor);
    return { link: platformLinkUrl(publicUrl, 'recovery', token), email: owner.email, expiresAt };
  });
}
