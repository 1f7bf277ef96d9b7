import type { Sql } from '../../database.ts';
import { theSystem } from '../../events/appendEvent.ts';
import { rows } from '../../sql.ts';
import { closeTasks } from '../../tasks/closeTasks.ts';
import { practiceSubject } from './practiceSubject.ts';

/** A practice that came to its end counts, whoever asked for it: the next one is due a period later. One that stopped does not. */
export async function notePractice(em: Sql, runId: string, outcome: string): Promise<void> {
  if (outcome !== 'succeeded') return;
  const [practised] = await rows<{ runbook: string }>(em)`
    update runbook_practice p set last_run_id = ${runId}, last_practised_at = now(),
      next_at = now() + make_interval(days => p.every_days), stale_at = now() + make_interval(days => p.every_days + 7)
    from runbook_executions e where e.run_id = ${runId} and e.practice and p.runbook = e.runbook returning p.runbook`;
  if (practised)
    await closeTasks(em, { subjectId: practiceSubject(practised.runbook), kinds: ['practice_overdue'] }, theSystem);
}
