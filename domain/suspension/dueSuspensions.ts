import { sql, type RawBuilder } from 'kysely';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { theSystem } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';
import { openTask } from '../tasks/openTask.ts';
import { openResumption, openSuspension } from './openSuspension.ts';
import { tellOfSuspension, type OpenSuspension } from './suspensionRow.ts';

const batch = 50;
/** What something else kept from beginning is tried again after this. */
const againSeconds = 5;

/** Of suspensions `s` and their tenants `t`. One of a tenant that is being offboarded waits for how that ends. */
const isDue = (now: Date | null): RawBuilder<boolean> => sql`(
  (s.try_after is null or s.try_after <= now())
  and case s.state
    when 'planned' then s.starts_at <= coalesce(${now}::timestamptz, now()) and t.state = 'active'
    when 'effective' then s.ends_at <= coalesce(${now}::timestamptz, now()) and t.state = 'suspended'
    else false end)`;

export interface Begun {
  what: 'begun' | 'missed' | 'resumed_by_itself';
  runId: string | null;
  /** To be announced. */
  epoch: number | null;
  /** After the time that was planned. */
  lateSeconds: number;
}

/**
 * Begins what is due: planned suspensions, and resumptions that come by themselves. The rows are the plan, so nothing is lost while
 * workers, or Temporal, are away; it is late then. Two who look at the same moment begin each once.
 *
 * @param now the database's own time, unless told
 */
export async function beginDue(em: Sql, now: Date | null = null): Promise<Begun[]> {
  const due = await rows<{ id: string }>(em)`
    select s.id from suspensions s join tenants t on t.id = s.tenant_id
    where ${isDue(now)}
    order by coalesce(case when s.state = 'planned' then s.starts_at end, s.ends_at) limit ${batch}`;
  const begun: Begun[] = [];
  for (const { id } of due) {
    const one = await em
      .fork()
      .transactional((tx) => begin(tx, id, now))
      .catch((error: unknown) => postpone(em.fork(), id, error));
    if (one) begun.push(one);
  }
  return begun;
}

async function begin(em: Sql, id: string, now: Date | null): Promise<Begun | null> {
  const [suspension] = await rows<OpenSuspension & { past: boolean; lateSeconds: number }>(em)`
    select s.id, s.tenant_id as "tenantId", s.state, s.starts_at as "startsAt", s.ends_at as "endsAt", s.notice,
           s.closed_resources as "closedResources",
           s.ends_at <= coalesce(${now}::timestamptz, now()) as past,
           extract(epoch from coalesce(${now}::timestamptz, now())
             - case when s.state = 'planned' then s.starts_at else s.ends_at end)::float8 as "lateSeconds"
    from suspensions s join tenants t on t.id = s.tenant_id
    where s.id = ${id} and ${isDue(now)} for update of s skip locked`;
  if (!suspension) return null;
  const { lateSeconds } = suspension;
  if (suspension.state === 'effective')
    return {
      what: 'resumed_by_itself',
      epoch: null,
      lateSeconds,
      ...(await openResumption(em, suspension, theSystem)),
    };
  if (!suspension.past) return { what: 'begun', lateSeconds, ...(await openSuspension(em, suspension, theSystem)) };
  await miss(em, suspension);
  return { what: 'missed', runId: null, epoch: null, lateSeconds };
}

/** Its whole time passed while nobody could act: to begin it now would be to do what was wanted for another time. */
async function miss(em: Sql, suspension: OpenSuspension): Promise<void> {
  const why = 'Its whole time passed while no worker could begin it.';
  await rows(em)`
    update suspensions set state = 'missed', ended_at = now(), why = ${why} where id = ${suspension.id}`;
  await tellOfSuspension(em, suspension, 'missed', theSystem);
  await openTask(em, {
    kind: 'attention',
    runId: null,
    tenantId: suspension.tenantId,
    title: 'A planned suspension was missed',
    reason: { code: 'suspension_missed', text: why },
  });
}

/** Another run has the tenant, or the tenant is not what it was: it waits, and its page says for what. */
async function postpone(em: Sql, id: string, error: unknown): Promise<null> {
  if (!(error instanceof DomainError)) throw error;
  await rows(em)`
    update suspensions set why = ${error.publicMessage}, try_after = now() + make_interval(secs => ${againSeconds}::int)
    where id = ${id}`;
  return null;
}
