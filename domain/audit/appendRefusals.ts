import { v7 as newId } from 'uuid';
import type { Sql } from '../database.ts';
import { kindOf, type Actor } from '../events/actor.ts';
import { json, rows } from '../sql.ts';

/** A request that was not carried out. */
export interface Refusal {
  actor: Actor;
  /** `<method> <path pattern>` */
  route: string;
  status: number;
  code: string;
  /** What the address named, by the names of its parameters. */
  ids: Record<string, string>;
  /** How often the same was asked for since `since`, where single requests are not told. */
  count?: number;
  since?: string;
}

/** What a parameter's id is an id of: `tenantId` of a tenant. */
const kindOfParameter = (name: string): string => name.replace(/Id$/, '');

/**
 * One event for each: in the chain of the tenant that was asked for where there is such a tenant, else in the platform's. Each is a
 * stream of its own, so that many at once stand in nobody's way.
 */
export async function appendRefusals(em: Sql, refusals: readonly Refusal[]): Promise<void> {
  const events = refusals.map(({ actor, route, status, code, ids, count, since }) => {
    const [target] = Object.entries(ids);
    return {
      stream: `request:${newId()}`,
      type: status >= 500 ? 'request.failed' : 'request.refused',
      outcome: status >= 500 ? 'failed' : 'refused',
      code,
      data: { route, status, ...(count ? { count, since } : {}) },
      target_kind: target ? kindOfParameter(target[0]) : 'route',
      target_id: target ? target[1] : route,
      tenant: ids['tenantId'] ?? actor.portalOf ?? null,
      run: ids['runId'] ?? null,
      kind: kindOf(actor),
      user_id: actor.userId,
      key_id: actor.keyId ?? null,
      support: actor.supportAccessId ?? null,
      on_behalf_of: actor.onBehalfOf ?? null,
      request_id: actor.requestId,
      origin: actor.origin?.toString('hex') ?? null,
      origin_key: actor.originKey ?? null,
    };
  });
  await rows(em)`
    insert into events (stream, version, type, tenant_id, data, outcome, outcome_code, target_kind, target_id, actor_kind, actor_id,
                        key_id, support_access_id, on_behalf_of, request_id, origin, origin_key)
    select stream, 1, type,
           coalesce((select id from tenants where id = e.tenant), (select tenant_id from runs where id = e.run)),
           data, outcome, code, target_kind, target_id, kind, user_id, key_id, support, on_behalf_of, request_id,
           decode(origin, 'hex'), origin_key
    from jsonb_to_recordset(${json(events)}::jsonb) as e (
      stream text, type text, data jsonb, outcome text, code text, target_kind text, target_id text, tenant uuid, run uuid, kind text,
      user_id uuid, key_id uuid, support uuid, on_behalf_of text, request_id text, origin text,
      origin_key text)`;
}
