import { rows } from '#domain/sql.ts';
import type { Reconciled } from './reconciled.ts';

const batch = 50;

/** Cancels that were accepted and have not reached their workflow. */
export async function deliverCancels({ platform, client, logger }: Reconciled): Promise<void> {
  const em = platform.registry.em.fork();
  const waiting = await rows<{ id: string; workflow_id: string }>(em)`
    select id, workflow_id from runs
    where cancel_requested_at is not null and cancel_delivered_at is null and workflow_started_at is not null
      and state in ('queued', 'running', 'waiting', 'paused')
    limit ${batch}`;
  for (const { id, workflow_id } of waiting) {
    try {
      await client.workflow.getHandle(workflow_id).cancel();
    } catch (error) {
      if ((error as Error).name !== 'WorkflowNotFoundError') {
        logger.warn({ err: error, runId: id }, 'a cancel could not be delivered; it will be tried again');
        return;
      }
    }
    await rows(em)`update runs set cancel_delivered_at = now() where id = ${id}`;
  }
}
