import { log } from '@temporalio/activity';
import { DomainError } from '#contracts/errors.ts';
import type { PlatformRef } from '#contracts/workflowInputs.ts';
import { adoptBackups } from '#domain/backups/refilling/adoptBackups.ts';
import { noteFailed, noteLooked, takeRefillTurn, toLookAt } from '#domain/backups/refilling/turn.ts';
import { unfinishedRefill } from '#domain/backups/refilling/unfinishedRefill.ts';
import type { Deps } from '../deps.ts';
import { specsOf } from '../tenant/resources.ts';
import type { FleetBackupTurn } from './backUpFleet.ts';

/** `refill.*`: every tenant that lost something. What it has done stands in the rows; killed, it goes on by them. */
export const refillFleet = (deps: Deps) => ({
  /** Looks at some tenants, counts what has ended and opens what is due. It waits for nothing. */
  async 'refill.turn'(ref: PlatformRef): Promise<FleetBackupTurn> {
    const em = deps.registry.em.fork();
    for (const tenantId of await toLookAt(em, ref.runId)) await look(deps, ref, tenantId);
    const { runIds, isOver, waitMs } = await takeRefillTurn(deps.ledger, ref, deps.configuration.backups.atOnce);
    // What does not start now, the reconciler starts.
    for (const runId of runIds) await deps.startRun(runId).catch(() => undefined);
    return { isOver, waitMs };
  },
});

export type RefillActivities = ReturnType<typeof refillFleet>;

/** One that cannot be looked at excuses no other. */
async function look(deps: Deps, ref: PlatformRef, tenantId: string): Promise<void> {
  const em = deps.registry.em.fork();
  try {
    const lost = await lostOf(deps, ref, tenantId);
    if (lost.length > 0) {
      const key = await deps.tenantKeys.of(tenantId);
      await adoptBackups(em, { place: deps.backupPlace, key }, { tenantId, runId: ref.runId });
    }
    await noteLooked(em, ref.runId, tenantId, lost);
  } catch (error) {
    log.warn('a tenant could not be looked at', { tenantId, err: error });
    await noteFailed(em, ref.runId, tenantId, error instanceof DomainError ? error.code : 'check_failed');
  }
}

/** What is not there at all, or was made anew by a refill that failed and so may be empty. What is there is never replaced. */
async function lostOf(deps: Deps, { runId, epoch }: PlatformRef, tenantId: string): Promise<string[]> {
  const before = await unfinishedRefill(deps.registry.em.fork(), tenantId);
  const lost = new Set(before?.lost);
  for (const { provider: kind, ...spec } of await specsOf(deps, { runId, tenantId, epoch })) {
    const provider = deps.providers[kind];
    if (!provider) continue;
    await provider.reopen?.(spec);
    const differences = await provider.verify(spec);
    if (differences.some(({ isWhole, repair }) => isWhole && repair === 'remake')) lost.add(kind);
  }
  return [...lost];
}
