import { announceAccess } from '#domain/access/epoch.ts';
import { settleAddresses } from '#domain/renaming/dueAddresses.ts';
import { beginDue } from '#domain/suspension/dueSuspensions.ts';
import { countSuspension, observeLateness } from '#observability/suspensionMetrics.ts';
import { startRun } from '#temporal/startRun.ts';
import type { Reconciled } from './reconciled.ts';

/**
 * Closes the doors of tenants whose planned suspension is due, and begins resumptions that come by themselves. The doors need no
 * Temporal; a run that cannot be started now is started when it answers.
 */
export async function beginSuspensions({ platform, client, logger }: Reconciled): Promise<void> {
  for (const { what, runId, epoch, lateSeconds } of await beginDue(platform.registry.em.fork())) {
    if (epoch !== null) announceAccess(platform.announcer, epoch);
    countSuspension(what);
    observeLateness(lateSeconds);
    logger.info({ what, runId, lateSeconds }, 'a suspension came to its time');
    if (runId !== null)
      await startRun(platform, client, runId).catch((error: unknown) =>
        logger.warn({ err: error, runId }, 'a run that is due could not be started; it will be tried again'),
      );
  }
}

/** Redirects end and addresses become free at their time. */
export async function freeAddresses({ platform, logger }: Reconciled): Promise<void> {
  const { holdDays } = platform.configuration.addresses;
  const count = await settleAddresses(platform.registry.em.fork(), { holdDays });
  if (count > 0) logger.info({ count }, 'addresses that were held for long enough are free');
}
