import { runIsOver } from '#contracts/runStates.ts';
import type { RunRef } from '#contracts/workflowInputs.ts';
import { theSystem } from '../events/appendEvent.ts';
import { moveRun, type Ledger } from '../runs/ledger.ts';
import { rows } from '../sql.ts';
import { closeTasks } from '../tasks/closeTasks.ts';
import { tell } from './lookOnboarding.ts';

const notFinished = {
  code: 'onboarding_cancelled',
  text: 'The onboarding was cancelled: on request, or because the tenant is leaving.',
};

/** Ends an onboarding in which nothing is open any more. @returns false when something is, or a cancel was accepted: the workflow looks again */
export function finishOnboarding(ledger: Ledger, ref: RunRef): Promise<boolean> {
  return ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: true };
    if (run.cancelRequestedAt) return { changed: false, result: false };
    const finished = await rows<{ skipped: string[] }>(em)`
      update onboardings o set state = 'finished', finished_at = now(), changed_at = null
      where run_id = ${run.id} and state = 'open'
        and not exists (select 1 from onboarding_items i where i.run_id = o.run_id and i.state = 'open')
      returning array(select item from onboarding_items i where i.run_id = o.run_id and i.state = 'skipped') as skipped`;
    const [done] = finished;
    if (!done) return { changed: false, result: false };
    await rows(em)`
      update run_steps set state = 'done', attempt = 1, started_at = now(), finished_at = now()
      where run_id = ${run.id} and act = 'onboarding.finish'`;
    await closeTasks(em, { tenantId: ref.tenantId, kinds: ['onboarding_overdue'] }, theSystem);
    await tell(em, run, 'onboarding.finished', { skipped: done.skipped });
    await moveRun(em, run, 'succeeded');
    return { changed: true, result: true };
  });
}

/** Ends it as it is: somebody cancelled the run, or the tenant is leaving. Nothing that was done is taken back. */
export function cancelOnboarding(ledger: Ledger, ref: RunRef): Promise<void> {
  return ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: undefined };
    await rows(em)`
      update onboardings set state = 'cancelled', finished_at = now(), changed_at = null
      where run_id = ${run.id} and state = 'open'`;
    await rows(em)`
      update run_steps set state = 'skipped', finished_at = now(), reason_code = ${notFinished.code}, reason = ${notFinished.text}
      where run_id = ${run.id} and state in ('pending', 'running', 'waiting')`;
    await closeTasks(em, { tenantId: ref.tenantId, kinds: ['onboarding_overdue'] }, theSystem);
    await tell(em, run, 'onboarding.cancelled');
    await moveRun(em, run, 'cancelled', notFinished);
    return { changed: true, result: undefined };
  });
}
