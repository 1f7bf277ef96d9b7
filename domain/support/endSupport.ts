import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';
import { endAccess, lockAccess } from './accessRow.ts';

/** Ends it for good, before its time. Answers with the epoch to announce. Refuses with `not_found`, `support_over`. */
export async function endSupport(em: Sql, accessId: string, personId: string, actor: Actor): Promise<number> {
  const row = await lockAccess(em, { id: accessId });
  if (row.state !== 'running' && row.state !== 'asked') throw new DomainError('support_over', 'It is over already.');
  return endAccess(em, row, row.person_id === personId ? 'person' : 'platform', actor);
}

/** A tenant whose doors close is not entered any more, nor asked. */
export async function endSupportOf(em: Sql, tenantId: string, actor: Actor): Promise<void> {
  const open = await rows<{ id: string }>(em)`
    select id from support_accesses where tenant_id = ${tenantId} and state in ('asked', 'running') order by id`;
  for (const { id } of open) await endAccess(em, await lockAccess(em, { id }), 'tenant_closed', actor);
}
