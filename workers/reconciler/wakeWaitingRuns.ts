import { wakeSignal, type WorkflowKind } from '#contracts/workflowInputs.ts';
import { rows } from '#domain/sql.ts';
import type { Reconciled } from './reconciled.ts';

/** They wait for days beside whatever else changes their tenant: for a time, for an answer, and no longer than there is a tenant. */
const waitingKinds: readonly WorkflowKind[] = ['rotateTenantSecrets', 'changeOwnership', 'renewLicense'];

/** They are told to look when there is something to see: an answer whose signal was lost, or that their tenant is gone. */
export async function wakeWaitingRuns({ platform, client, logger }: Reconciled): Promise<void> {
  const againSeconds = platform.configuration.reconcileSeconds;
  const waiting = await rows<{ workflow_id: string }>(platform.registry.em.fork())`
    update runs r set woken_at = now() from tenants t
    where t.id = r.tenant_id and r.kind = any(${[...waitingKinds]}::text[])
      and r.state in ('queued', 'running', 'waiting') and r.workflow_started_at is not null
      and (t.state in ('erased', 'rolled_back')
        or exists (select 1 from ownership_changes c where c.run_id = r.id and c.state in ('agreed', 'declined'))
        or exists (
          select 1 from license_renewals n join renewal_payments p on p.renewal_id = n.id
          where n.run_id = r.id and p.state = 'asked' and p.told_at > coalesce(p.looked_at, '-infinity'))
        or exists (
          select 1 from license_renewals n join licenses l on l.id = n.license_id
          where n.run_id = r.id and n.activated_at is null and l.state in ('revoked', 'superseded')))
      and (r.woken_at is null or r.woken_at < now() - make_interval(secs => ${againSeconds}::int))
    returning r.workflow_id`;
  for (const { workflow_id: workflowId } of waiting)
    await client.workflow
      .getHandle(workflowId)
      .signal(wakeSignal)
      .catch((error: unknown) => logger.warn({ err: error, workflowId }, 'a waiting run was not woken'));
}
