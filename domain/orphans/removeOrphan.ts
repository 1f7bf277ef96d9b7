import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import type { Acceptance } from '#contracts/findings/drift.ts';
import type { PlatformRef, Reason } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import { moveRun, type Ledger } from '../runs/ledger.ts';
import { addSteps, openRun } from '../runs/openRun.ts';
import { closePlatformRun } from '../runs/platformRun.ts';
import { rows } from '../sql.ts';
import { asSeenNow, candidates, type Candidate } from './candidates.ts';
import { settleOrphansTask, tellOfOrphan } from './orphanFindings.ts';
import { refuseWhenLocked } from './sweepLock.ts';

interface LockedOrphan {
  id: string;
  what: string;
  external_id: string;
  seen_by: string;
}

async function lockOrphan(em: Sql, findingId: string): Promise<LockedOrphan> {
  const [finding] = await rows<LockedOrphan & { state: string }>(em)`
    select id, what, external_id, seen_by, state from orphan_findings where id = ${findingId} for update`;
  if (!finding) throw new DomainError('not_found', 'There is no such finding.');
  if (finding.state === 'gone' || finding.state === 'removed')
    throw new DomainError('finding_closed', 'It is not there any more.');
  return finding;
}

/**
 * The orphan, if it is still one. Refuses with `sweep_locked`, and with `orphan_known` when the registry knows it by now; asked when a
 * removal is approved and again right before it.
 */
export async function confirmOrphan(em: Sql, findingId: string, graceSeconds: number): Promise<Candidate> {
  await refuseWhenLocked(em);
  const [candidate] = await candidates(em, asSeenNow(findingId), graceSeconds);
  if (candidate) return candidate;
  throw new DomainError(
    'orphan_known',
    'The registry knows it by now, or a run is changing its tenant: it is not removed.',
  );
}

/** Opens the run that removes an orphan, because a person approved it. Refuses also with `not_found`, `finding_closed`, `run_in_progress`. */
export async function openOrphanRemoval(
  em: Sql,
  findingId: string,
  graceSeconds: number,
  actor: Actor,
): Promise<string> {
  await refuseWhenLocked(em); // before the finding, in the order in which a sweep locks them
  const finding = await lockOrphan(em, findingId);
  await confirmOrphan(em, findingId, graceSeconds);
  const runId = newId();
  await openRun(
    em,
    { id: runId, kind: 'removeOrphan', tenantId: null, subjectId: findingId, exclusive: false, cancellable: false },
    actor,
  );
  await addSteps(em, runId, [
    {
      title: `Remove ${finding.what.toLowerCase()} ${finding.external_id}`,
      kind: 'fixed',
      provider: 'orphans',
      act: 'orphans.remove',
      undo: null,
    },
  ]);
  await rows(em)`update orphan_findings set removal_run_id = ${runId}, removal_reason = null where id = ${findingId}`;
  await tellOfOrphan(em, finding, 'orphan.removal_approved', actor, { runId });
  return runId;
}

export async function closeOrphanRemoval(
  ledger: Ledger,
  ref: PlatformRef & { findingId: string },
  refusal: Reason | null,
): Promise<RunState> {
  return ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: run.state };
    const finding = await lockOrphan(em, ref.findingId).catch(() => null);
    if (finding && refusal)
      await rows(em)`update orphan_findings set removal_reason = ${refusal.text} where id = ${finding.id}`;
    if (finding && !refusal) {
      await rows(em)`
        update orphan_findings set state = 'removed', closed_at = now(), accepted_until = null where id = ${finding.id}`;
      await tellOfOrphan(em, finding, 'orphan.removed', run.actor, { runId: run.id });
    }
    await settleOrphansTask(em, run.id, run.actor);
    if (run.state === 'queued') await moveRun(em, run, 'running');
    return { changed: true, result: await closePlatformRun(em, run, refusal) };
  });
}

/** Lets it be until a day. */
export async function acceptOrphan(em: Sql, findingId: string, acceptance: Acceptance, actor: Actor): Promise<void> {
  const finding = await lockOrphan(em, findingId);
  await rows(em)`
    update orphan_findings set state = 'accepted', accepted_reason = ${acceptance.reason}, accepted_until = ${acceptance.until},
      accepted_by = ${actor.userId}
    where id = ${findingId}`;
  await tellOfOrphan(em, finding, 'orphan.accepted', actor, { until: acceptance.until });
  await settleOrphansTask(em, finding.seen_by, actor);
}
