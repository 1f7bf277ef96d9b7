import { rows } from '#domain/sql.ts';
import { startRun } from '#temporal/startRun.ts';
import type { Reconciled } from './reconciled.ts';

const batch = 50;
/** Younger rows are being started by whoever wrote them. */
const graceSeconds = 3;

/**
 * Runs whose row was committed and whose workflow never started: Temporal was away, or the process died in between. Also those
 * that started and are under way although nobody noted it: starting them again finds the execution, and then cancels reach it.
 */
export async function startForgottenRuns({ platform, client, logger }: Reconciled): Promise<void> {
  const waiting = await rows<{ id: string }>(platform.registry.em.fork())`
    select id from runs
    where workflow_started_at is null and state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')
      and created_at < now() - make_interval(secs => ${graceSeconds}::int)
    order by queue = 'bulk', created_at limit ${batch}`;
  for (const { id } of waiting) {
    try {
      await startRun(platform, client, id);
    } catch (error) {
      logger.warn({ err: error, runId: id }, 'a waiting run could not be started; it will be tried again');
      return; // most likely the server is away, for the others too
    }
  }
}
