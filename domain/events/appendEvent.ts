import type { Sql } from '../database.ts';
import { json, rows } from '../sql.ts';

/** Who did it, by which request: carried from the API into the run and from there into every event. */
export interface Actor {
  userId: string | null;
  requestId: string | null;
}

export const theSystem: Actor = { userId: null, requestId: null };

/**
 * Appends one immutable fact to its stream, in the transaction of the change it tells of. The caller holds the stream's row
 * (run, tenant or task), so versions of one stream cannot collide. No personal data and no secrets in `data`.
 */
export async function appendEvent(
  em: Sql,
  event: {
    stream: `${'tenant' | 'run' | 'task' | 'finding' | 'platform' | 'circuit' | 'blueprint' | 'plan'}:${string}`;
    type: string;
    tenantId: string | null;
    data?: Record<string, unknown>;
  },
  actor: Actor,
): Promise<void> {
  await rows(em)`
    insert into events (stream, version, type, tenant_id, data, actor_id, request_id)
    select ${event.stream}, coalesce(max(version), 0) + 1, ${event.type}, ${event.tenantId}::uuid,
           ${json(event.data ?? {})}::jsonb, ${actor.userId}::uuid, ${actor.requestId}
    from events where stream = ${event.stream}`;
}
