import type { Sql } from '../database.ts';
import { json, rows } from '../sql.ts';
import { kindOf, type Actor } from './actor.ts';

export { theSystem, type Actor } from './actor.ts';

export type StreamKind =
  | 'tenant'
  | 'run'
  | 'task'
  | 'finding'
  | 'platform'
  | 'circuit'
  | 'blueprint'
  | 'plan'
  | 'user'
  | 'role'
  | 'key'
  | 'approval'
  | 'support'
  | 'request'
  | 'audit';

export interface NewEvent {
  stream: `${StreamKind}:${string}`;
  type: string;
  tenantId: string | null;
  data?: Record<string, unknown>;
  /** How it ended: `success` unless something was refused, or went wrong. */
  outcome?: 'success' | 'refused' | 'failed';
  /** Why not, as a stable code. */
  code?: string;
  /** On what, where the stream does not tell. */
  target?: { kind: string; id: string };
}

/**
 * Appends one immutable fact to its stream, in the transaction of the change it tells of. The caller holds the stream's row
 * (run, tenant or task), so versions of one stream cannot collide. No personal data and no secrets in `data`.
 */
export async function appendEvent(em: Sql, event: NewEvent, actor: Actor): Promise<void> {
  await rows(em)`
    insert into events (stream, version, type, tenant_id, data, outcome, outcome_code, target_kind, target_id,
                        actor_kind, actor_id, key_id, support_access_id, on_behalf_of, request_id, origin)
    select ${event.stream}, coalesce(max(version), 0) + 1, ${event.type}, ${event.tenantId}::uuid,
           ${json(event.data ?? {})}::jsonb, ${event.outcome ?? 'success'}, ${event.code ?? null},
           ${event.target?.kind ?? null}, ${event.target?.id ?? null},
           ${kindOf(actor)}, ${actor.userId}::uuid, ${actor.keyId ?? null}::uuid, ${actor.supportAccessId ?? null}::uuid,
           ${actor.onBehalfOf ?? null}, ${actor.requestId}, ${actor.origin ?? null}::bytea
    from events where stream = ${event.stream}`;
}
