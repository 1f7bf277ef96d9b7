import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../../database.ts';
import type { Actor } from '../../events/appendEvent.ts';
import { addSteps, openRun } from '../../runs/openRun.ts';
import { rows } from '../../sql.ts';
import { subjectOfPlan } from '../runs/backupRow.ts';

/**
 * Opens the run that proves the backups of all tenants, or of those of a plan, now, whatever the clock and pauses say of them. Refuses with `not_found`,
 * `run_in_progress` (one of the same).
 *
 * @param plan null for all
 */
export async function openFleetDrill(em: Sql, plan: string | null, actor: Actor): Promise<string> {
  const [known] = plan === null ? [] : await rows<{ title: string }>(em)`select title from plans where name = ${plan}`;
  if (plan !== null && !known) throw new DomainError('not_found', `There is no plan "${plan}".`);
  const runId = newId();
  await openRun(
    em,
    {
      ...{ id: runId, kind: 'drillFleet', tenantId: null, exclusive: false, cancellable: true },
      ...(plan === null ? {} : { subjectId: subjectOfPlan(plan) }),
    },
    actor,
  );
  await addSteps(em, runId, [
    {
      title: known ? `Prove the backups of ${known.title}` : 'Prove the backups of all tenants',
      ...{ kind: 'fixed', provider: 'drills', act: 'drills.turn', undo: null },
    },
  ]);
  await rows(em)`insert into fleet_drills (run_id, plan) values (${runId}, ${plan})`;
  return runId;
}
