import { DomainError } from '#contracts/errors.ts';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import type { Reason, RunRef } from '#contracts/workflowInputs.ts';
import { openRestoreBeside, openRestoreInPlace, type OpenedRestore } from '../../backups/restoring/openRestore.ts';
import { tellOfBackup } from '../../backups/runs/backupRow.ts';
import type { Sql } from '../../database.ts';
import { appendEvent } from '../../events/appendEvent.ts';
import { finishFixedSteps } from '../../runs/ending/closeRun.ts';
import { moveRun, type Ledger, type LockedRun } from '../../runs/ledger.ts';
import type { TenantKeys } from '../../secrets/tenantKeys.ts';
import { rows } from '../../sql.ts';
import { openTask } from '../../tasks/openTask.ts';
import { slugOf } from '../../tenants/addresses.ts';
import { openWish, recoveryOf, type RecoveryRow } from './recoveryRow.ts';

export interface ClosedRecovery {
  /** Of the restore that was opened with it, to be started. */
  restoreRunId: string | null;
  /** To be announced, where doors closed with it. */
  epoch: number | null;
}

/**
 * The copy counts from now on, and the restore that was asked for is opened, both in one transaction. A restore that is refused by now (its address
 * was taken, another run changes the tenant) asks for a person: the copy stays, and restores like any other. A cancel that was accepted before wins.
 */
export const closeRecovery = (ledger: Ledger, keys: TenantKeys, ref: RunRef): Promise<ClosedRecovery> =>
  ledger.onRun(ref, async (em, run) => {
    const recovery = await recoveryOf(em, run.id);
    if (run.state === 'succeeded')
      return { changed: false, result: { restoreRunId: recovery.restoreRunId, epoch: null } };
    if (runIsOver(run.state) || run.cancelRequestedAt)
      throw new DomainError('run_over', 'It was cancelled before it counted.');
    const [kept] = await rows<{ id: string; tenant_id: string; bytes: string }>(em)`
      update backups set state = 'kept', finished_at = clock_timestamp()
      where run_id = ${run.id} and state = 'writing' and at is not null and verified_as = 'good' returning id, tenant_id, bytes::text`;
    if (!kept) throw new Error(`run ${run.id} has copied nothing`);
    await tellOfBackup(
      em,
      kept,
      { type: 'backup.made', data: { runId: run.id, bytes: Number(kept.bytes) } },
      run.actor,
    );
    const opened = recovery.mode === 'copy' ? null : await openOrAsk(em, keys, run, recovery, kept.id);
    const { at, mode } = recovery;
    await rows(em)`
      update recoveries set sealed_wish = null, restore_run_id = ${opened?.runId ?? null} where run_id = ${run.id}`;
    await tell(em, run, {
      type: 'recovery.finished',
      data: { at: at.toISOString(), mode, backupId: kept.id, restoreRunId: opened?.runId ?? null },
    });
    await finishFixedSteps(em, run.id);
    await moveRun(em, run, 'succeeded');
    return { changed: true, result: { restoreRunId: opened?.runId ?? null, epoch: opened?.epoch ?? null } };
  });

async function openOrAsk(
  em: Sql,
  keys: TenantKeys,
  run: LockedRun,
  recovery: RecoveryRow,
  backupId: string,
): Promise<OpenedRestore | null> {
  await rows(em)`savepoint restore_begins`;
  try {
    const opened = await openRestore(em, keys, run, recovery, backupId);
    await rows(em)`update runs set parent_run_id = ${run.id} where id = ${opened.runId}`;
    return opened;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    await rows(em)`rollback to savepoint restore_begins`;
    const reason = {
      code: error.code,
      text: `${error.publicMessage} The copy of the chosen moment is kept: restore it once this is settled.`,
    };
    const title = 'A tenant was copied out of the past and not restored';
    await openTask(
      em,
      { kind: 'restore_not_begun', runId: run.id, tenantId: recovery.tenantId, subjectId: backupId, title, reason },
      run.actor,
    );
    return null;
  }
}

async function openRestore(em: Sql, keys: TenantKeys, run: LockedRun, recovery: RecoveryRow, backupId: string) {
  const { tenantId, mode } = recovery;
  if (mode === 'in_place') {
    const confirm = await slugOf(em, tenantId);
    return openRestoreInPlace(em, keys, tenantId, { backupId, confirm }, run.actor);
  }
  const { name, slug } = await openWish(keys, recovery);
  return openRestoreBeside(em, keys, tenantId, { backupId, name, ...(slug ? { slug } : {}) }, run.actor);
}

/**
 * Ends a run that was taken back.
 *
 * @param isLeft what could not be removed now goes by itself; until then the run says so
 */
export const closeRecoveryTakenBack = (
  ledger: Ledger,
  ref: RunRef,
  reason: Reason,
  isLeft: boolean,
): Promise<RunState> =>
  ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: run.state };
    await rows(em)`update recoveries set sealed_wish = null where run_id = ${run.id}`;
    if (isLeft) {
      await rows(em)`
        update backups set remove_at = now() + interval '1 minute', remove_failure = 'backup_left'
        where run_id = ${run.id} and state = 'discarded'`;
      await tell(em, run, { type: 'recovery.failed', code: reason.code });
      const text = `${reason.text} What was brought back could not be removed yet; it is tried again by itself.`;
      await moveRun(em, run, 'needs_attention', { code: reason.code, text });
      return { changed: true, result: 'needs_attention' };
    }
    const outcome: RunState = run.cancelRequestedAt ? 'cancelled' : 'rolled_back';
    if (outcome === 'rolled_back') await tell(em, run, { type: 'recovery.failed', code: reason.code });
    await moveRun(em, run, outcome);
    return { changed: true, result: outcome };
  });

const tell = (
  em: Sql,
  run: LockedRun,
  { code, ...event }: { type: `recovery.${string}`; data?: Record<string, unknown>; code?: string },
): Promise<void> =>
  appendEvent(
    em,
    {
      ...{ stream: `run:${run.id}`, tenantId: run.tenantId, data: {}, ...event },
      ...(code === undefined ? {} : { outcome: 'failed', code }),
    },
    run.actor,
  );
