import { sql } from 'kysely';
import type { Sql } from '../database.ts';
import { kindOf, type ActorKind } from '../events/actor.ts';
import { rows } from '../sql.ts';
import { platformChain, targetOfStream, type Entry } from './chain.ts';

export interface EventRow {
  id: string;
  at: string;
  type: string;
  schema: number;
  stream: string;
  version: number;
  tenant: string | null;
  outcome: string;
  code: string | null;
  actor_kind: ActorKind | null;
  user: string | null;
  key: string | null;
  support: string | null;
  on_behalf_of: string | null;
  target_kind: string | null;
  target_id: string | null;
  request: string | null;
  trace: string | null;
  origin: Buffer | null;
  origin_key: string | null;
  data: Record<string, unknown>;
  /** bigint: as text. */
  sequence: string | null;
  hash: Buffer | null;
}

/** What is read of an event `e`, to the microsecond. */
export const eventColumns = sql`
  e.id::text as id, to_char(e.created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, e.type,
  e.schema_version as schema, e.stream, e.version, e.tenant_id as tenant, e.outcome, e.outcome_code as code, e.actor_kind,
  e.actor_id as "user", e.key_id as "key", e.support_access_id as support, e.on_behalf_of, e.target_kind, e.target_id,
  e.request_id as request, e.trace_id as trace, e.origin, e.origin_key, e.data, e.sequence::text as sequence, e.hash`;

export const chainOf = ({ tenant }: Pick<EventRow, 'tenant'>): string => tenant ?? platformChain;

export const targetOf = ({ stream, target_kind: kind, target_id: id }: EventRow): Entry['target'] =>
  kind !== null && id !== null ? { kind, id } : targetOfStream(stream);

/** The event in this place of its chain. */
export const entryOf = (row: EventRow, sequence: number): Entry => ({
  v: 1,
  chain: chainOf(row),
  sequence,
  id: row.id,
  at: row.at,
  type: row.type,
  schema: row.schema,
  stream: row.stream,
  version: row.version,
  tenant: row.tenant,
  outcome: row.outcome,
  code: row.code,
  actor: {
    kind: kindOf({ userId: row.user, ...(row.actor_kind ? { kind: row.actor_kind } : {}) }),
    user: row.user,
    key: row.key,
    support: row.support,
    onBehalfOf: row.on_behalf_of,
  },
  target: targetOf(row),
  request: row.request,
  trace: row.trace,
  origin: row.origin && { key: row.origin_key ?? 'platform', sealed: row.origin.toString('base64url') },
  data: row.data,
});

const nobody = '00000000-0000-0000-0000-000000000000';

/** What follows a place in a chain as it is kept, in the order that it claims; of two that claim the same, the older first. */
export const entriesOfChain = (
  em: Sql,
  chain: string,
  {
    after,
    afterId = '9223372036854775807',
    upTo = null,
    limit,
  }: { after: number; afterId?: string; upTo?: number | null; limit: number },
): Promise<EventRow[]> =>
  rows<EventRow>(em)`
    select ${eventColumns} from events e
    where coalesce(e.tenant_id, '00000000-0000-0000-0000-000000000000') = ${chain === platformChain ? nobody : chain}::uuid and e.sequence is not null
      and (e.sequence, e.id) > (${after}::bigint, ${afterId}::bigint) and (${upTo}::bigint is null or e.sequence <= ${upTo}::bigint)
    order by e.sequence, e.id limit ${limit}`;
