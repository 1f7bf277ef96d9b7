import type pg from 'pg';
import { onServer, type AskOptions, type DatabaseServer } from './servers.ts';

/** Which cluster a server serves, and on which of its histories. */
export interface ServerIdentity {
  systemIdentifier: string;
  /** Grows with each promotion: of two servers of one cluster, the one with the older timeline must not be written to. */
  timeline: number;
  inRecovery: boolean;
  /** A primary's end of the log as it is safe on its disk; of a standby, what it has received and made safe. */
  flushed: string;
  replayed: string | null;
}

interface IdentityRow {
  system: string;
  recovering: boolean;
  timeline: number;
  flushed: string;
  replayed: string | null;
}

/**
 * The timeline is read from the name of the log file that is written to, as the control file tells that of the last checkpoint, which
 * after a promotion is the old one for a while.
 */
const question = `
  select system_identifier::text as system, pg_is_in_recovery() as recovering,
    case when pg_is_in_recovery()
      then greatest((select timeline_id from pg_control_checkpoint()), coalesce((select received_tli from pg_stat_wal_receiver), 0))
      else ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer end as timeline,
    case when pg_is_in_recovery()
      then greatest(coalesce(pg_last_wal_receive_lsn(), '0/0'), coalesce(pg_last_wal_replay_lsn(), '0/0'))
      else pg_current_wal_flush_lsn() end::text as flushed,
    case when pg_is_in_recovery() then pg_last_wal_replay_lsn() end::text as replayed
  from pg_control_system()`;

export async function identityOn(client: pg.ClientBase): Promise<ServerIdentity> {
  const { rows } = await client.query<IdentityRow>(question);
  const { system, recovering, timeline, flushed, replayed } = rows[0]!;
  return { systemIdentifier: system, timeline, inRecovery: recovering, flushed, replayed };
}

export const identify = (server: DatabaseServer, options?: AskOptions): Promise<ServerIdentity> =>
  onServer(server, identityOn, options);
