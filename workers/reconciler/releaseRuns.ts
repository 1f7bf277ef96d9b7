import { decideSignal, wakeSignal } from '#contracts/workflowInputs.ts';
import { chooseProbes } from '#domain/runs/deciding/circuits.ts';
import { rows } from '#domain/sql.ts';
import type { Reconciled } from './reconciled.ts';

const batch = 100;

/** Decisions that were accepted and have not reached their workflow. */
export async function deliverDecisions(reconciled: Reconciled): Promise<void> {
  const em = reconciled.platform.registry.em.fork();
  const waiting = await rows<{ id: string; workflow_id: string }>(em)`
    select d.id, r.workflow_id from decisions d join runs r on r.id = d.run_id
    where d.delivered_at is null and r.workflow_started_at is not null order by d.created_at limit ${batch}`;
  for (const { id, workflow_id } of waiting) {
    if (!(await signalled(reconciled, workflow_id, decideSignal, [id]))) return;
    await rows(em)`update decisions set delivered_at = now() where id = ${id} and delivered_at is null`;
  }
}

/** Runs that stood still for better times, which have come: provisioning goes on, or their provider may be tried again. */
export async function wakeHeldRuns(reconciled: Reconciled): Promise<void> {
  // A run that was woken and still stands is woken again after this: the signal may have been lost.
  const againSeconds = reconciled.platform.configuration.reconcileSeconds;
  const em = reconciled.platform.registry.em.fork();
  await chooseProbes(em);
  const held = await rows<{ id: string; workflow_id: string }>(em)`
    update runs r set woken_at = now() where id in (
      select r.id from runs r left join circuits c on r.held_by = 'circuit:' || c.provider
      where r.held_by is not null and (r.woken_at is null or r.woken_at < now() - make_interval(secs => ${againSeconds}::int))
        and case when r.held_by = 'provisioning' then not exists (select 1 from switches where name = r.held_by and paused)
                 when r.held_by like 'circuit:%'
                   then c.state is null or c.state = 'closed' or (c.state = 'half_open' and coalesce(c.probe_run_id, r.id) = r.id)
                 when r.held_by = 'legal_hold'
                   then not exists (select 1 from legal_holds h where h.tenant_id = r.tenant_id and h.lifted_at is null)
                 else false end
      order by r.queue = 'bulk', r.held_since limit ${batch} for update of r skip locked)
    returning id, workflow_id`;
  for (const { workflow_id } of held) if (!(await signalled(reconciled, workflow_id, wakeSignal, []))) return;
}

/** False when the server is away, most likely for the others too. A workflow that has ended needs no signal. */
async function signalled(
  { client, logger }: Reconciled,
  workflowId: string,
  signal: string,
  args: unknown[],
): Promise<boolean> {
  try {
    await client.workflow.getHandle(workflowId).signal(signal, ...args);
    return true;
  } catch (error) {
    if ((error as Error).name === 'WorkflowNotFoundError') return true;
    logger.warn({ err: error, workflowId }, 'a signal could not be delivered; it will be tried again');
    return false;
  }
}
