import type { Client } from '@temporalio/client';
import type { Platform } from '#domain/platform.ts';
import { rows } from '#domain/sql.ts';
import type { Logger } from '#observability/logging.ts';
import { reportReconcilerLag } from '#observability/metrics.ts';
import { clearTombstones } from '#providers/storage/bucketFolders.ts';
import { startRun } from '#temporal/startRun.ts';

const everyMs = 1_000;
/** Younger rows are being started by whoever wrote them. */
const graceSeconds = 3;
const batch = 50;
const sweepEveryMs = 10 * 60_000;
/** Far longer than any attempt of an activity can live. */
const tombstoneMs = 60 * 60_000;

/**
 * Carries on what a process left between a commit and what should have followed it: runs whose workflow never started, and
 * cancels that never arrived. Every worker runs one; doing it twice is doing it once.
 */
export function startReconciler({ platform, client, logger }: { platform: Platform; client: Client; logger: Logger }): {
  stop(): Promise<void>;
} {
  let stopped = false;
  let wake: (() => void) | null = null;
  let lastSweep = 0;

  const loop = async () => {
    while (!stopped) {
      try {
        await startForgottenRuns(platform, client, logger);
        await deliverCancels(platform, client, logger);
        if (Date.now() - lastSweep > sweepEveryMs) {
          lastSweep = Date.now();
          await clearTombstones(platform.configuration.storageDir, tombstoneMs);
        }
      } catch (error) {
        logger.warn({ err: error }, 'the reconciler could not look; it will again');
      }
      await new Promise<void>((resume) => {
        wake = resume;
        setTimeout(resume, everyMs).unref();
      });
    }
  };
  const running = loop();
  return {
    async stop() {
      stopped = true;
      wake?.();
      await running;
    },
  };
}

async function startForgottenRuns(platform: Platform, client: Client, logger: Logger): Promise<void> {
  const waiting = await rows<{ id: string; age: string }>(platform.registry.em.fork())`
    select id, extract(epoch from now() - created_at) as age from runs
    where workflow_started_at is null and state = 'queued' and created_at < now() - make_interval(secs => ${graceSeconds}::int)
    order by created_at limit ${batch}`;
  reportReconcilerLag(Number(waiting[0]?.age ?? 0));
  for (const { id } of waiting) {
    try {
      await startRun(platform, client, id);
    } catch (error) {
      logger.warn({ err: error, runId: id }, 'a waiting run could not be started; it will be tried again');
      return; // most likely the server is away, for the others too
    }
  }
}

async function deliverCancels(platform: Platform, client: Client, logger: Logger): Promise<void> {
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
