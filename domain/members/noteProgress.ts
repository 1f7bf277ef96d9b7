import type { PortalRole } from '#contracts/portal/permissions.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import { noteOnboarding } from '../onboarding/noteOnboarding.ts';
import type { Realm } from '../people/realm.ts';
import { rows } from '../sql.ts';

/** What people of a tenant do that its onboarding waits for; of the platform's people nothing is. The workflow finds it by itself. */

/** Somebody accepted an invitation. */
export async function noteJoined(em: Sql, { tenantId }: Realm, userId: string, actor: Actor): Promise<void> {
  if (tenantId === null) return;
  if ((await roleOf(em, userId)) === 'tenant-admin') await noteOnboarding(em, tenantId, 'admin_accepted', actor);
}

/** Somebody set up a second factor: it is the administrator's that matters. */
export async function noteFactorAdded(em: Sql, { tenantId }: Realm, userId: string, actor: Actor): Promise<void> {
  if (tenantId === null) return;
  if ((await roleOf(em, userId)) === 'tenant-admin') await noteOnboarding(em, tenantId, 'second_factor', actor);
}

/** An administrator invited somebody. */
export async function noteInvited(em: Sql, { tenantId }: Realm, actor: Actor): Promise<void> {
  if (tenantId !== null && actor.kind === 'member') await noteOnboarding(em, tenantId, 'first_members', actor);
}

async function roleOf(em: Sql, userId: string): Promise<PortalRole | null> {
  const [found] = await rows<{ portal_role: PortalRole | null }>(em)`
    select portal_role from users where id = ${userId}`;
  return found?.portal_role ?? null;
}
