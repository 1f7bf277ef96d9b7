import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import { bumpAccessEpoch } from '../access/epoch.ts';
import { rows } from '../sql.ts';
import { lockAccess, onBehalfOfAdministrator, tellOfAccess } from './accessRow.ts';

/**
 * From now on this session acts for the tenant. Returns the epoch to announce: other processes remember the session as it was.
 * Refuses with `not_found` (also what is another person's), `support_over`, `tenant_not_active`.
 */
export async function enterSupport(
  em: Sql,
  { accessId, personId, sessionId }: { accessId: string; personId: string; sessionId: string },
  actor: Actor,
): Promise<number> {
  const row = await lockAccess(em, { id: accessId });
  if (row.person_id !== personId) throw new DomainError('not_found', 'There is no such support access.');
  if (row.state === 'asked')
    throw new DomainError('support_over', 'The tenant has not answered yet: nobody is let in before.');
  if (row.state !== 'running') throw new DomainError('support_over', 'The access is over. Ask again.');
  const [open] = await rows(em)`select 1 from tenants where id = ${row.tenant_id} and state = 'active'`;
  if (!open) throw new DomainError('tenant_not_active', 'Only an active tenant can be entered.');
  const [entered] = await rows(em)`
    update sessions set support_access_id = ${row.id} where id = ${sessionId} and user_id = ${personId} returning 1`;
  if (!entered) throw new DomainError('unauthenticated', 'Sign in first.');
  await tellOfAccess(em, row, 'entered', {
    ...actor,
    origin: actor.origin ?? null, // read when it is asked for, which copying does not do
    supportAccessId: row.id,
    onBehalfOf: onBehalfOfAdministrator(row.tenant_id),
  });
  return bumpAccessEpoch(em);
}

/** The session acts for itself again; the access may be entered again while it lasts. Leaving twice is leaving once. */
export async function leaveSupport(
  em: Sql,
  { accessId, personId, sessionId }: { accessId: string; personId: string; sessionId: string },
  actor: Actor,
): Promise<number | null> {
  const row = await lockAccess(em, { id: accessId });
  if (row.person_id !== personId) throw new DomainError('not_found', 'There is no such support access.');
  const left = await rows(em)`
    update sessions set support_access_id = null
    where id = ${sessionId} and user_id = ${personId} and support_access_id = ${accessId} returning 1`;
  if (left.length === 0) return null;
  await tellOfAccess(em, row, 'left', actor);
  return bumpAccessEpoch(em);
}
