import type { RunState } from '#contracts/runStates.ts';
import { runIsOver } from '#contracts/runStates.ts';
import type { Reason, RunRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { queueNotices } from '../../notifications/queueNotifications.ts';
import { moveRun, type Ledger, type LockedRun } from '../../runs/ledger.ts';
import { rows } from '../../sql.ts';
import { closeTasks } from '../../tasks/closeTasks.ts';
import { openTask } from '../../tasks/openTask.ts';
import { findLicense } from '../licenseRow.ts';
import { lockPayment, lockRenewal, tellOfRenewal, type RenewalRow } from './renewalRow.ts';

/** Ends a renewal that was taken back, once nothing of it is left: the licence is what it was. */
export const closeTakenBack = (ledger: Ledger, ref: RunRef, reason: Reason): Promise<RunState> =>
  ledger.onRun<RunState>(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: run.state };
    const renewal = await lockRenewal(em, run.id);
    await endRenewal(em, run, renewal, reason);
    await tellOfRenewal(em, renewal, 'taken_back', run.actor, { code: reason.code });
    if (!run.cancelRequestedAt) await tellOfFailure(em, renewal, reason);
    const outcome = run.cancelRequestedAt ? 'cancelled' : 'rolled_back';
    await moveRun(em, run, outcome);
    return { changed: true, result: outcome };
  });

/**
 * Ends a renewal that is paid and cannot be carried out, as its licence was revoked in that very moment: what was paid is not taken back by
 * a machine, so a person is asked for.
 */
export const closeStranded = (ledger: Ledger, ref: RunRef, reason: Reason): Promise<void> =>
  ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: undefined };
    const renewal = await lockRenewal(em, run.id);
    await endRenewal(em, run, renewal, reason);
    await tellOfRenewal(em, renewal, 'stranded', run.actor, { code: reason.code });
    await askForRefund(em, run, reason.text);
    await moveRun(em, run, 'needs_attention', reason);
    return { changed: true, result: undefined };
  });

/** Whoever takes it back themselves need not be told. */
async function tellOfFailure(em: Sql, renewal: RenewalRow, { code }: Reason): Promise<void> {
  const { product, expires_at: expiresAt } = await findLicense(em, renewal.license_id);
  const { tenant_id: tenantId, license_id: licenseId, id: renewalId } = renewal;
  const endsAt = isoOf(expiresAt ?? renewal.prolongs);
  await queueNotices(em, [{ kind: 'renewal_failed', tenantId, licenseId, product, endsAt, renewalId, why: code }]);
}

async function endRenewal(em: Sql, run: LockedRun, renewal: RenewalRow, { code }: Reason): Promise<void> {
  await rows(em)`
    update license_renewals set state = 'taken_back', ended_at = now(), reason_code = ${code}, signed_claims = null, signature = null
    where id = ${renewal.id}`;
  await closeTasks(em, { runId: run.id, kinds: ['payment_waiting', 'parked'] }, run.actor);
  const payment = await lockPayment(em, renewal.id);
  if (payment && run.state === 'rolling_back' && payment.state === 'captured')
    await askForRefund(em, run, 'The renewal was taken back, and its payment had been captured elsewhere.');
}

const askForRefund = (em: Sql, run: LockedRun, why: string): Promise<string> =>
  openTask(
    em,
    {
      kind: 'renewal_stranded',
      runId: run.id,
      tenantId: run.tenantId,
      subjectId: run.id,
      title: 'A renewal was paid and not carried out',
      reason: { code: 'renewal_stranded', text: `${why} Pay the money back, or issue another licence.` },
    },
    run.actor,
  );
