import { bumpAccessEpoch } from '../access/epoch.ts';
import type { Sql } from '../database.ts';
import { appendEvent } from '../events/appendEvent.ts';
import { leaveTenant } from '../runs/exclusivity.ts';
import type { LockedRun } from '../runs/ledger.ts';
import { rows } from '../sql.ts';
import { moveTenant } from '../tenants/moveTenant.ts';
import { lockOffboarding } from './offboardingRow.ts';

/** The end of a rollback: what was closed is open again, and the tenant is what it was before. */
export async function takeBackOffboarding(
  em: Sql,
  run: Pick<LockedRun, 'id' | 'actor'>,
  tenantId: string,
): Promise<void> {
  const { stateBefore } = await lockOffboarding(em, run.id);
  await rows(em)`
    update offboardings set closed_at = clock_timestamp(), outcome = 'undone' where run_id = ${run.id} and closed_at is null`;
  await moveTenant(em, tenantId, { to: stateBefore, attention: false }, run.actor);
  await bumpAccessEpoch(em);
  await appendEvent(
    em,
    { stream: `tenant:${tenantId}`, type: 'offboarding.undone', tenantId, data: { runId: run.id } },
    run.actor,
  );
  await leaveTenant(em, run);
}

/** Of a run that is no offboarding there is nothing to close. */
export const closeOffboarding = (em: Sql, runId: string, outcome: 'erased' | 'left'): Promise<unknown> =>
  rows(em)`
    update offboardings set closed_at = clock_timestamp(), outcome = ${outcome} where run_id = ${runId} and closed_at is null`;

/** Whether there is no way back any more. */
export const hasBegunErasing = async (em: Sql, runId: string): Promise<boolean> =>
  (await lockOffboarding(em, runId)).erasingAt !== null;

/** Which of its steps are done: a run that continues as new, or is started forward again, goes on from there. */
export async function stepsDoneOf(em: Sql, runId: string): Promise<string[]> {
  const found = await rows<{ id: string }>(em)`select id from run_steps where run_id = ${runId} and state = 'done'`;
  return found.map(({ id }) => id);
}
