import { DomainError } from '#contracts/errors.ts';
import { runIsOver } from '#contracts/runStates.ts';
import type { Reason, RunRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../../database.ts';
import { appendEvent } from '../../events/appendEvent.ts';
import { moveRun, type Ledger, type LockedRun } from '../../runs/ledger.ts';
import { rows } from '../../sql.ts';
import { closeTasks } from '../../tasks/closeTasks.ts';
import { openTask } from '../../tasks/openTask.ts';

/** The room is gone and everything held: from now on the backup counts. */
export const closeProven = (ledger: Ledger, ref: RunRef): Promise<{ rtoMs: number; rpoSeconds: number } | null> =>
  ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: null };
    // A cancel that was accepted counts, however far the drill had come.
    if (run.cancelRequestedAt !== null) throw new DomainError('run_over', 'It was cancelled before it counted.');
    const [drill] = await rows<{
      id: string;
      backup_id: string;
      rto_ms: number;
      rpo_seconds: number;
      misses_rto: boolean;
    }>(em)`
      update backup_drills set state = 'proven', finished_at = clock_timestamp()
      where run_id = ${run.id} and state = 'running'
      returning id, backup_id, rto_ms::float8 as rto_ms, rto_ms > rto_target_ms as misses_rto,
        greatest(0, extract(epoch from started_at - backup_at))::int as rpo_seconds`;
    if (!drill) return { changed: false, result: null };
    await rows(em)`
      update backups set proven_at = clock_timestamp(), verified_at = clock_timestamp(), verified_as = 'good', refusal_code = null, refusal = null
      where id = ${drill.backup_id}`;
    const { tenantId } = ref;
    const { rto_ms: rtoMs, rpo_seconds: rpoSeconds } = drill;
    await appendEvent(
      em,
      {
        stream: `tenant:${tenantId}`,
        type: 'backup.proven',
        tenantId,
        data: { drillId: drill.id, backupId: drill.backup_id, rtoMs, rpoSeconds },
      },
      run.actor,
    );
    await closeTasks(em, { subjectId: drillSubject(tenantId), kinds: ['drill_failed', 'drill_overdue'] }, run.actor);
    if (drill.misses_rto)
      await openTask(em, {
        kind: 'drill_failed',
        runId: run.id,
        tenantId,
        subjectId: drillSubject(tenantId),
        title: 'A restore takes longer than its plan promises',
        reason: { code: 'rto_missed', text: `It took ${Math.ceil(rtoMs / 1000)} s until the copy could be used.` },
      });
    if (run.state === 'queued') await moveRun(em, run, 'running');
    await moveRun(em, run, 'succeeded');
    return { changed: true, result: { rtoMs, rpoSeconds } };
  });

/** The room is gone, and the backup was not proven: somebody is asked, unless somebody cancelled it. */
export async function takeBackDrill(em: Sql, run: LockedRun, tenantId: string): Promise<void> {
  const isCancelled = run.cancelRequestedAt !== null;
  const reason = isCancelled ? null : await reasonOf(em, run.id);
  const [drill] = await rows<{ id: string; backup_id: string }>(em)`
    update backup_drills set state = ${isCancelled ? 'cancelled' : 'failed'}, finished_at = clock_timestamp(), proof = null, rto_ms = null,
      reason_code = ${reason?.code ?? null}, reason = ${reason?.text ?? null}
    where run_id = ${run.id} and state = 'running' returning id, backup_id`;
  if (!drill || !reason) return;
  // What reading it refused is said of the backup itself; a server that was away says nothing of it.
  if (reason.code.startsWith('backup_') && !reason.code.startsWith('backup_place'))
    await rows(em)`
      update backups set verified_at = clock_timestamp(), verified_as = 'bad', refusal_code = ${reason.code}, refusal = ${reason.text}
      where id = ${drill.backup_id}`;
  await appendEvent(
    em,
    {
      stream: `tenant:${tenantId}`,
      type: 'drill.failed',
      tenantId,
      data: { drillId: drill.id, backupId: drill.backup_id, code: reason.code },
    },
    run.actor,
  );
  await openTask(em, {
    kind: 'drill_failed',
    runId: run.id,
    tenantId,
    subjectId: drillSubject(tenantId),
    title: 'A backup could not be proven',
    reason,
  });
}

/** What drills of a tenant are about, apart from other tasks of it. */
export const drillSubject = (tenantId: string): string => `drill ${tenantId}`;

async function reasonOf(em: Sql, runId: string): Promise<Reason> {
  const [step] = await rows<{ code: string | null; text: string | null }>(em)`
    select reason_code as code, reason as text from run_steps
    where run_id = ${runId} and reason_code is not null order by position limit 1`;
  return { code: step?.code ?? 'drill_failed', text: step?.text ?? 'The drill did not come to its end.' };
}
