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
  | 'portal'
  | 'role'
  | 'key'
  | 'approval'
  | 'support'
  | 'onboarding'
  | 'sign_up'
  | 'request'
  | 'import'
  | 'schedule'
  | 'license'
  | 'license_policy'
  | 'license_product'
  | 'renewal'
  | 'export'
  | 'backup'
  | 'arrival'
  | 'server'
  | 'evidence'
  | 'runbook'
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
                        actor_kind, actor_id, key_id, support_access_id, on_behalf_of, request_id, origin, origin_key)
    select ${event.stream}, coalesce(max(version), 0) + 1, ${event.type}, ${event.tenantId}::uuid,
           ${json(event.data ?? {})}::jsonb, ${event.outcome ?? 'success'}, ${event.code ?? null},
           ${event.target?.kind ?? null}, ${event.target?.id ?? null},
           ${kindOf(actor)}, ${actor.userId}::uuid, ${actor.keyId ?? null}::uuid, ${actor.supportAccessId ?? null}::uuid,
           ${actor.onBehalfOf ?? null}, ${actor.requestId}, ${actor.origin ?? null}::bytea, ${actor.originKey ?? null}
    from events where stream = ${event.stream}`;
}

/** The same for many streams in one statement, each of which occurs once: for what a batch did to many tenants. */
export async function appendEvents(em: Sql, events: NewEvent[], actor: Actor): Promise<void> {
  if (events.length === 0) return;
  const given = events.map((event) => ({
    stream: event.stream,
    type: event.type,
    tenant_id: event.tenantId,
    data: event.data ?? {},
    outcome: event.outcome ?? 'success',
    code: event.code ?? null,
    target_kind: event.target?.kind ?? null,
    target_id: event.target?.id ?? null,
  }));
  await rows(em)`
    insert into events (stream, version, type, tenant_id, data, outcome, outcome_code, target_kind, target_id,
                        actor_kind, actor_id, key_id, support_access_id, on_behalf_of, request_id, origin)
    select e.stream, coalesce((select max(version) from events before where before.stream = e.stream), 0) + 1, e.type, e.tenant_id,
           e.data, e.outcome, e.code, e.target_kind, e.target_id,
           ${kindOf(actor)}, ${actor.userId}::uuid, ${actor.keyId ?? null}::uuid, ${actor.supportAccessId ?? null}::uuid,
           ${actor.onBehalfOf ?? null}, ${actor.requestId}, ${actor.origin ?? null}::bytea
    from jsonb_to_recordset(${json(given)}::jsonb) as e
      (stream text, type text, tenant_id uuid, data jsonb, outcome text, code text, target_kind text, target_id text)`;
}
