import type { Sql } from '../../database.ts';
import { rows } from '../../sql.ts';

/**
 * How many drills may begin now, whoever asked for those that are under way. One that needs a person restores nothing any more. Until the end of the transaction nobody else
 * is told the same places.
 */
export async function freePlaces(em: Sql, atOnce: number): Promise<number> {
  await rows(em)`select pg_advisory_xact_lock(hashtextextended('places of drills', 0))`;
  const [running] = await rows<{ count: number }>(em)`
    select count(*)::int as count from backup_drills d join runs r on r.id = d.run_id
    where d.state = 'running' and r.state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')`;
  return Math.max(0, atOnce - (running?.count ?? 0));
}
