import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import type { Reason, RunRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { titleOfKind } from '../resources/resourceTitles.ts';
import { finishFixedSteps } from '../runs/ending/closeRun.ts';
import { moveRun, type Ledger } from '../runs/ledger.ts';
import { addSteps, openRun } from '../runs/openRun.ts';
import { rows } from '../sql.ts';
import { lockFinding } from './acceptFinding.ts';
import { settleDriftTask } from './openFindings.ts';
import { recordDifferences, type Compared } from './recordDifferences.ts';

/**
 * Opens the run that brings a resource back to what was made, because a person asked for it. It mends the whole resource, not the
 * one difference. Refuses with `not_found`, `finding_closed`, `finding_not_repairable`, `run_in_progress`.
 */
export async function openRepair(
  em: Sql,
  findingId: string,
  actor: Actor,
): Promise<{ runId: string; tenantId: string }> {
  const finding = await lockFinding(em, findingId);
  if (finding.repair === 'none')
    throw new DomainError(
      'finding_not_repairable',
      `"${finding.what}" cannot be brought back by making it so again. Bring it back by hand or from a backup, or accept it.`,
    );
  const [runId, { tenantId, resourceId, provider }] = [newId(), finding];
  await openRun(
    em,
    { id: runId, kind: 'repairResource', tenantId, subjectId: findingId, exclusive: true, cancellable: false },
    actor,
  );
  await addSteps(em, runId, [
    {
      title: `Mend the ${titleOfKind(provider)}`,
      kind: 'resource',
      provider,
      resourceId,
      act: `${provider}.ensure`,
      undo: null,
    },
    { title: 'Look at it again', kind: 'fixed', provider: 'drift', act: 'drift.verifyAgain', undo: null },
  ]);
  await rows(em)`update drift_findings set repair_run_id = ${runId}, repair_reason = null where id = ${findingId}`;
  await appendEvent(
    em,
    { stream: `finding:${findingId}`, type: 'drift.repair_asked', tenantId, data: { runId } },
    actor,
  );
  return { runId, tenantId };
}

/** Ends a repair by what a second look found: repaired, or still so, with the reason. */
export async function closeRepair(
  ledger: Ledger,
  ref: RunRef,
  { compared, refusal }: { compared: Compared | null; refusal: Reason | null },
): Promise<RunState> {
  return ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: run.state };
    if (run.state === 'queued') await moveRun(em, run, 'running');
    if (compared) await recordDifferences(em, [compared], { runId: run.id, actor: run.actor, repaired: true });
    const [left] = await rows<{ id: string; what: string; found: string }>(em)`
      select f.id, f.what, f.found from drift_findings f join runs r on r.subject_id = f.id
      where r.id = ${run.id} and f.state in ('open', 'accepted')`;
    await settleDriftTask(em, run.id, run.actor);
    if (!left) {
      await finishFixedSteps(em, run.id);
      await moveRun(em, run, 'succeeded');
      return { changed: true, result: 'succeeded' };
    }
    const reason = refusal ?? { code: 'not_repaired', text: `${left.what} is still ${left.found}.` };
    await rows(em)`update drift_findings set repair_reason = ${reason.text} where id = ${left.id}`;
    await rows(em)`
      update run_steps set state = 'failed', attempt = 1, started_at = coalesce(started_at, now()), finished_at = now(),
        reason_code = ${reason.code}, reason = ${reason.text}
      where run_id = ${run.id} and kind = 'fixed' and state = 'pending'`;
    await moveRun(em, run, 'needs_attention', reason);
    return { changed: true, result: 'needs_attention' };
  });
}
