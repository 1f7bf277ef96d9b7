import { sql, type RawBuilder } from 'kysely';
import type { OrphanReason } from '#contracts/findings/orphans.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';

/** A thing that was seen outside and that the registry does not want. */
export interface Candidate {
  provider: string;
  externalId: string;
  what: string;
  tenantId: string | null;
  resourceId: string | null;
  madeBy: string | null;
  why: OrphanReason;
}

/**
 * Which of the things that were seen the registry does not know, or knows to be gone. The registry is read after they were seen, and every
 * row is committed before its thing is made, so what is made meanwhile is never among them. What was removed less than the grace ago, and
 * what belongs to a tenant that a run is changing, is not either.
 *
 * @param seen rows of provider, external_id, what, tenant_id, resource_id, made_by, seen_at
 */
export async function candidates(em: Sql, seen: RawBuilder<unknown>, graceSeconds: number): Promise<Candidate[]> {
  return rows<Candidate>(em)`
    select * from (
      select s.provider, s.external_id as "externalId", s.what, s.tenant_id as "tenantId", s.resource_id as "resourceId",
             s.made_by as "madeBy", case
        when s.what = 'Data store' then case when not exists (
          select 1 from data_stores d where d.database_name = s.external_id) then 'unknown_store' end
        when s.resource_id is null then case when exists (
          select 1 from resources r where r.tenant_id = s.tenant_id and r.provider = s.provider) and not exists (
          select 1 from resources r where r.tenant_id = s.tenant_id and r.provider = s.provider
            and not (r.state = 'destroyed' and r.updated_at < s.seen_at - make_interval(secs => ${graceSeconds}::int)))
          then 'unmarked' end
        when r.id is null and not exists (select 1 from runs where runs.id = s.made_by) then 'unknown_run'
        when r.id is null then 'unknown_resource'
        when r.updated_at >= s.seen_at - make_interval(secs => ${graceSeconds}::int) then null
        when r.state = 'destroyed' then 'removed'
        when r.state = 'planned' and t.state in ('rolled_back', 'erased') then 'removed'
      end as why
      from (${seen}) s
      left join resources r on r.id = s.resource_id
      left join tenants t on t.id = s.tenant_id
      where not exists (
        select 1 from runs where runs.tenant_id = s.tenant_id and runs.exclusive
          and runs.state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention'))
    ) judged where why is not null order by provider, "externalId"`;
}

export const sightingsOf = (runId: string): RawBuilder<unknown> =>
  sql`select provider, external_id, what, tenant_id, resource_id, made_by, seen_at from sweep_sightings where run_id = ${runId}`;

/** A finding as if it were seen now: whether the registry knows it by this time. */
export const asSeenNow = (findingId: string): RawBuilder<unknown> =>
  sql`select provider, external_id, what, tenant_id, resource_id, made_by, now() as seen_at from orphan_findings where id = ${findingId}`;
