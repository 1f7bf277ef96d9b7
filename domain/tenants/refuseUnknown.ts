import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';

/** Refuses with `not_found` where there is no such tenant; for lists, which are empty then too. */
export async function refuseUnknown(em: Sql, tenantId: string): Promise<void> {
  const [found] = await rows(em)`select 1 from tenants where id = ${tenantId}`;
  if (!found) throw new DomainError('not_found', 'There is no such tenant.');
}
