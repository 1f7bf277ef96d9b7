import { ProviderError } from '../provider.ts';
import { identify, type ServerIdentity } from './identity.ts';
import { bytesBehind } from './lsn.ts';
import { onServer, type DatabaseServer } from './servers.ts';
import { slotOf } from './standby.ts';

/** What both sides of a pair say at one moment; null of a side that does not answer. */
export interface PairSample {
  at: number;
  primary: ServerIdentity | null;
  standby: ServerIdentity | null;
  /** What the primary knows of the standby's connection. */
  stream: {
    state: string;
    isSynchronous: boolean;
    /** As far as the standby says that it is safe on its own disk. */
    flushed: string | null;
    replayed: string | null;
  } | null;
  slot: 'reserved' | 'extended' | 'unreserved' | 'lost' | 'missing' | null;
}

const orNull = (error: unknown): null => {
  if (error instanceof ProviderError) return null;
  throw error;
};

interface StreamRow {
  slot: string | null;
  state: string | null;
  sync: string | null;
  flushed: string | null;
  replayed: string | null;
}

/** Asks both. The standby is asked first: what it has cannot be more than the primary had when that is asked. */
export async function samplePair(primary: DatabaseServer, standby: DatabaseServer): Promise<PairSample> {
  const behind = await identify(standby).catch(orNull);
  const ahead = await onServer(primary, async (client) => {
    const { rows } = await client.query<StreamRow>(
      `select s.wal_status as slot, r.state, r.sync_state as sync, r.flush_lsn::text as flushed, r.replay_lsn::text as replayed
       from pg_replication_slots s left join pg_stat_replication r on r.pid = s.active_pid where s.slot_name = $1`,
      [slotOf(standby.name)],
    );
    return rows[0] ?? null;
  }).then(async (stream) => ({ stream, identity: await identify(primary) }), orNull);
  const stream = ahead?.stream;
  return {
    at: Date.now(),
    primary: ahead?.identity ?? null,
    standby: behind,
    stream: stream?.state
      ? { state: stream.state, isSynchronous: stream.sync === 'sync' || stream.sync === 'quorum', flushed: stream.flushed, replayed: stream.replayed } // prettier-ignore
      : null,
    slot: ahead ? ((stream?.slot as PairSample['slot']) ?? 'missing') : null,
  };
}

/** Bytes of the log that the primary has safe and the standby has not: what would be lost now. Null when a side is silent. */
export const lagBytesOf = ({ primary, standby }: PairSample): number | null =>
  primary && standby ? bytesBehind(primary.flushed, standby.flushed) : null;

/**
 * How old the standby is: the time since the primary's log ended where the standby's ends now. PostgreSQL's own `flush_lag` tells of the
 * last answer and not of now, and says nothing once the standby has stopped answering.
 */
export class LagClock {
  readonly #ends: { at: number; flushed: string }[] = [];

  /** @returns seconds; 0 when nothing is missing, null when it is behind everything that was seen here */
  take({ at, primary, standby }: PairSample): number | null {
    if (primary && this.#ends.at(-1)?.flushed !== primary.flushed) this.#ends.push({ at, flushed: primary.flushed });
    if (this.#ends.length > 3_600) this.#ends.shift();
    const newest = this.#ends.at(-1);
    if (!standby || !newest) return null;
    if (bytesBehind(newest.flushed, standby.flushed) === 0) return 0;
    const firstMissing = this.#ends.find(({ flushed }) => bytesBehind(flushed, standby.flushed) > 0);
    return firstMissing ? Math.max(0, at - firstMissing.at) / 1000 : null;
  }
}
