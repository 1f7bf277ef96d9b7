import { wakeSignal } from '#contracts/workflowInputs.ts';
import { rows } from '#domain/sql.ts';
import type { Reconciled } from './reconciled.ts';

const batch = 50;
/** Whoever changed something wakes the workflow themselves; this is for those who could not. */
const graceSeconds = 2;

/**
 * Wakes the onboardings that have something to look at and were not woken: an item was settled by a process that died, the tenant
 * was suspended or goes on, or it is leaving.
 */
export async function wakeOnboardings({ platform, client, logger }: Reconciled): Promise<void> {
  const againSeconds = platform.configuration.reconcileSeconds;
  const waiting = await rows<{ workflow_id: string }>(platform.registry.em.fork())`
    update onboardings o set woken_at = now() from runs r where r.id = o.run_id and o.run_id in (
      select o.run_id from onboardings o join tenants t on t.id = o.tenant_id
      where o.state = 'open' and o.began_ms is not null
        and (o.woken_at is null or o.woken_at < now() - make_interval(secs => ${againSeconds}::int))
        and (o.changed_at < now() - make_interval(secs => ${graceSeconds}::int)
             or t.state not in ('active', 'suspended') or (t.state = 'suspended') <> (o.paused_ms is not null))
      limit ${batch} for update of o skip locked)
    returning r.workflow_id`;
  for (const { workflow_id: workflowId } of waiting) {
    try {
      await client.workflow.getHandle(workflowId).signal(wakeSignal);
    } catch (error) {
      if ((error as Error).name === 'WorkflowNotFoundError') continue;
      logger.warn({ err: error, workflowId }, 'an onboarding could not be woken; it will be tried again');
      return;
    }
  }
}
