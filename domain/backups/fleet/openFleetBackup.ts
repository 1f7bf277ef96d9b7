import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../../database.ts';
import { appendEvent, theSystem, type Actor } from '../../events/appendEvent.ts';
import { isoOf } from '../../isoOf.ts';
import { addSteps, openRun } from '../../runs/openRun.ts';
import { rows } from '../../sql.ts';
import { lockPolicy, writeMissingPolicies } from '../policies/policyRow.ts';
import { nextWindow, windowsBetween } from '../policies/windows.ts';
import { subjectOfPlan } from '../runs/backupRow.ts';

export type FleetCause = 'schedule' | 'catch_up' | 'asked';

interface Wanted {
  plan: string;
  cause: FleetCause;
  /** When its window opened. */
  dueAt: Date;
  /** Over how long the tenants are spread; 0: all at once, as many as are copied at once. */
  windowSeconds: number;
}

/** Opens the run that backs up all tenants of a plan. Refuses with `not_found`, `run_in_progress` (one of this plan). */
export async function openFleetBackup(
  em: Sql,
  { plan, cause, dueAt, windowSeconds }: Wanted,
  actor: Actor,
): Promise<string> {
  const [known] = await rows<{ title: string }>(em)`select title from plans where name = ${plan}`;
  if (!known) throw new DomainError('not_found', `There is no plan "${plan}".`);
  const runId = newId();
  const subjectId = subjectOfPlan(plan);
  await openRun(
    em,
    {
      ...{ id: runId, kind: 'backupFleet', tenantId: null, subjectId },
      ...{ exclusive: false, cancellable: true },
    },
    actor,
  );
  await addSteps(em, runId, [
    {
      title: `Back up the tenants of ${known.title}`,
      kind: 'fixed',
      provider: 'backups',
      act: 'backups.turn',
      undo: null,
    },
  ]);
  await rows(em)`
    insert into fleet_backups (run_id, plan, cause, due_at, window_seconds)
    values (${runId}, ${plan}, ${cause}, ${dueAt.toISOString()}::timestamptz, ${windowSeconds})`;
  return runId;
}

/** All tenants of a plan now, whatever the clock and pauses say of it. Refuses as {@link openFleetBackup}. */
export const openFleetBackupNow = (em: Sql, plan: string, now: Date, actor: Actor): Promise<string> =>
  openFleetBackup(em, { plan, cause: 'asked', dueAt: now, windowSeconds: 0 }, actor);

/**
 * Opens the run of each plan whose window has opened by `now`. Of windows that were missed, because nothing ran, only the newest is made up
 * for: what older ones would have copied is in it. A window that opens while the one before is worked off is passed over, and told.
 *
 * @returns the runs to start, and how many plans were dealt with
 */
export async function openDueBackups(em: Sql, now: Date): Promise<{ runIds: string[]; plans: number }> {
  await writeMissingPolicies(em, now);
  const due = await rows<{ plan: string }>(em)`
    select plan from backup_policies where next_at <= ${now.toISOString()}::timestamptz order by next_at, plan`;
  const runIds: string[] = [];
  for (const { plan } of due) {
    const runId = await em.transactional((tx) => openDue(tx, plan, now));
    if (runId) runIds.push(runId);
  }
  return { runIds, plans: due.length };
}

async function openDue(em: Sql, plan: string, now: Date): Promise<string | null> {
  const { rules, next_at: nextAt, paused_at: pausedAt } = await lockPolicy(em, plan);
  if (nextAt === null || pausedAt !== null || new Date(nextAt) > now) return null; // somebody was faster
  const first = new Date(nextAt);
  const next = nextWindow(rules, now);
  const dueAt = new Date(next.getTime() - rules.everyHours * 3_600_000);
  const missed = windowsBetween(rules, first, now) - 1;
  const windowSeconds = rules.windowMinutes * 60;
  const isLate = missed > 0 || now.getTime() > dueAt.getTime() + windowSeconds * 1_000;
  await rows(em)`
    update backup_policies set next_at = ${next.toISOString()}::timestamptz where plan = ${plan}`;
  const data = { dueAt: dueAt.toISOString(), missed: Math.max(0, missed) };
  const tell = (type: string, more: object): Promise<void> =>
    appendEvent(em, { stream: `plan:${plan}`, type, tenantId: null, data: { ...data, ...more } }, theSystem);
  try {
    const wanted: Wanted = { plan, cause: isLate ? 'catch_up' : 'schedule', dueAt, windowSeconds };
    const runId = await em.transactional((tx) => openFleetBackup(tx, wanted, theSystem));
    if (isLate) await tell('plan.backups_caught_up', { runId, since: isoOf(nextAt) });
    return runId;
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'run_in_progress') throw error;
    await tell('plan.backups_passed_over', { runId: error.extra['runId'] });
    return null;
  }
}
