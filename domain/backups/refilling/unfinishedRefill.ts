import type { Sql } from '../../database.ts';
import { rows } from '../../sql.ts';

export interface UnfinishedRefill {
  /** What it was to fill: it may be there by now, and empty. */
  lost: string[];
  wasOpen: boolean;
  /** Resources that it closed and did not open again. */
  closed: string[];
}

/** A refill of the tenant that failed, and no restore since has made good. */
export async function unfinishedRefill(em: Sql, tenantId: string): Promise<UnfinishedRefill | null> {
  const [row] = await rows<UnfinishedRefill>(em)`
    select s.lost, s.was_open as "wasOpen", s.closed from restores s join runs r on r.id = s.run_id
    where s.tenant_id = ${tenantId} and s.mode = 'refill' and r.state in ('rolled_back', 'cancelled', 'needs_attention')
      and not exists (
        select 1 from restores later join runs good on good.id = later.run_id
        where later.tenant_id = s.tenant_id and later.created_at > s.created_at and good.state = 'succeeded')
    order by s.created_at desc limit 1`;
  return row ?? null;
}
