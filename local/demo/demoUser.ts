import { bumpAccessEpoch } from '#domain/access/epoch.ts';
import type { Sql } from '#domain/database.ts';
import { rows } from '#domain/sql.ts';

/** A name that no mail can be sent to (RFC 2606), so that no person has it. */
export const demoEmail = 'demo@tenantry.invalid';

/** Also called at each start: the user of a demo that was killed must not be taken for an owner. */
export async function endDemoUser(em: Sql): Promise<void> {
  const ended = await rows(em)`delete from users where email = ${demoEmail} and tenant_id is null returning 1`;
  if (ended.length > 0) await bumpAccessEpoch(em);
}
