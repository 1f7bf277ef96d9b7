import { bumpAccessEpoch } from '../access/epoch.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import { tellOfUser } from '../people/userEvents.ts';
import { rows } from '../sql.ts';
import { hasOwnAdmin } from './holdTenantPeople.ts';

/**
 * Withdraws the invitations to be administrator of who is not named any more, as long as nobody has accepted one. Whom somebody of the
 * tenant invited was never named and stays invited.
 *
 * @param but whose stays: the digest of the address of who is named now; null when nobody is
 */
export async function withdrawFormerAdmins(em: Sql, tenantId: string, but: string | null, actor: Actor): Promise<void> {
  if (await hasOwnAdmin(em, tenantId)) return;
  const former = await rows<{ id: string }>(em)`
    select id from users u where tenant_id = ${tenantId} and portal_role = 'tenant-admin' and email is distinct from ${but}
      and activated_at is null and not exists (select 1 from users by where by.id = u.invited_by and by.tenant_id = u.tenant_id)`;
  for (const { id } of former) {
    await tellOfUser(em, id, 'user.invitation_withdrawn', {}, actor);
    await rows(em)`delete from users where id = ${id}`;
  }
  if (former.length > 0) await bumpAccessEpoch(em);
}
