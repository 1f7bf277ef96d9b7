import { sql } from 'kysely';
import type { Reach } from '../../access/grants.ts';
import { withinReach } from '../../access/withinReach.ts';
import type { Sql } from '../../database.ts';
import { rows } from '../../sql.ts';

/** The chains that somebody may have; null for all there are. Of a tenant that is not theirs there is none. */
export async function chainsInReach(em: Sql, reach: Reach, tenantId: string | null): Promise<string[] | null> {
  if (tenantId === null && reach.everything && reach.within === null) return null;
  const chains = await rows<{ chain: string }>(em)`
    select t.id::text as chain from tenants t
    where (${tenantId}::uuid is null or t.id = ${tenantId}::uuid) and ${withinReach(reach, sql`t.id`)}`;
  return chains.map(({ chain }) => chain);
}
