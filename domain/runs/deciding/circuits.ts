import type { Reason } from '#contracts/workflowInputs.ts';
import type { Sql } from '../../database.ts';
import { appendEvent, theSystem, type Actor } from '../../events/appendEvent.ts';
import { rows } from '../../sql.ts';

/** Failures that lie further apart are no outage. */
const withinSeconds = 60;
const firstRetrySeconds = 5;
const lastRetrySeconds = 300;

/**
 * An attempt at a provider met an outage. One tenant's failures are its own; when several runs fail at the same provider with no
 * success between, its circuit opens: steps that need it are not begun, and their runs wait instead of failing.
 * (Nygard, "Release It!": circuit breaker.)
 *
 * @param threshold how many runs have to fail
 */
export async function noteOutage(
  em: Sql,
  { provider, runId, reason }: { provider: string; runId: string; reason: Reason },
  threshold: number,
): Promise<void> {
  await em.transactional(async (tx) => {
    await rows(
      tx,
    )`insert into circuits (provider, state) values (${provider}, 'closed') on conflict (provider) do nothing`;
    const [circuit] = await rows<{ state: string; failing: string[]; stale: boolean }>(tx)`
      select state, failing_runs as failing, failing_since < now() - make_interval(secs => ${withinSeconds}::int) as stale
      from circuits where provider = ${provider} for update`;
    if (!circuit || circuit.state === 'open') return;
    const failing = [...new Set([...(circuit.stale ? [] : circuit.failing), runId])];
    const opens = circuit.state === 'half_open' || failing.length >= threshold;
    await rows(tx)`
      update circuits set
        failing_runs = ${opens ? [] : failing}::uuid[],
        failing_since = case when ${circuit.stale} then now() else failing_since end,
        reason_code = ${reason.code}, reason = ${reason.text}
      where provider = ${provider}`;
    if (opens) await open(tx, provider, reason);
  });
}

async function open(em: Sql, provider: string, reason: Reason): Promise<void> {
  await rows(em)`
    update circuits set state = 'open', opened_at = coalesce(opened_at, now()), probe_run_id = null, openings = openings + 1,
      retry_at = now() + make_interval(secs => least(${lastRetrySeconds}::int, ${firstRetrySeconds}::int * power(2, openings)))
    where provider = ${provider}`;
  await appendEvent(
    em,
    { stream: `circuit:${provider}`, type: 'circuit.opened', tenantId: null, data: { provider, code: reason.code } },
    theSystem,
  );
}

/**
 * Lets one waiting run try a provider whose time has come; what becomes of it closes the circuit or opens it for longer.
 * A probe that nobody hears of any more gives way to the next.
 */
export async function chooseProbes(em: Sql): Promise<void> {
  await rows(em)`
    update circuits c set state = 'half_open', retry_at = now() + make_interval(secs => ${withinSeconds}::int),
      probe_run_id = (select r.id from runs r where r.held_by = 'circuit:' || c.provider order by r.queue = 'bulk', r.held_since limit 1)
    where c.state in ('open', 'half_open') and c.retry_at < now()`;
}

/** By a person who knows that the provider is well again. False when its circuit is not open. */
export async function closeCircuit(em: Sql, provider: string, actor: Actor): Promise<boolean> {
  const closed = await rows(em)`
    delete from circuits where provider = ${provider} and state <> 'closed' returning provider`;
  if (closed.length === 0) return false;
  await appendEvent(em, { stream: `circuit:${provider}`, type: 'circuit.closed', tenantId: null }, actor);
  return true;
}
