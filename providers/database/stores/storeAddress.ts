import type pg from 'pg';
import { identityOn } from '../../replication/identity.ts';

/** Where the data stores are, and what has to answer there. */
export interface StoreAddress {
  host: string;
  port: number;
  systemIdentifier: string;
  timeline: number;
}

/** What answers is not what tenants' data is written to: a standby, an old primary, or another cluster altogether. */
export class WrongServer extends Error {}

/**
 * Asked on every new connection, before anything else: an old primary that comes back at its address after a failover is never written to, whatever
 * this process knew when it was lost.
 */
export async function refuseOldTimeline(client: pg.ClientBase, wanted: StoreAddress | null): Promise<void> {
  if (!wanted) return;
  const { systemIdentifier, timeline, inRecovery } = await identityOn(client);
  if (systemIdentifier !== wanted.systemIdentifier)
    throw new WrongServer('another database cluster answers than the one of the data stores');
  if (inRecovery) throw new WrongServer('a standby answers where the data stores are to be written');
  if (timeline < wanted.timeline)
    throw new WrongServer(`an old primary answers (timeline ${timeline}, and ${wanted.timeline} is known)`);
}
