import { ExecutionStart } from '#contracts/runbooks/executions.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../../database.ts';
import { theSystem } from '../../events/appendEvent.ts';
import { rows } from '../../sql.ts';
import { openTask } from '../../tasks/openTask.ts';
import { openExecution } from '../executing/openExecution.ts';
import type { WordsKey } from '../executing/timeline.ts';
import { listPractices } from './practicePlans.ts';
import { practiceSubject } from './practiceSubject.ts';

/**
 * Opens the practice runs that are due at `now`, and tells of runbooks that nobody practised for too long. Whatever becomes of one that was opened,
 * the next comes a period later; one that nobody finished yet is not joined by another.
 *
 * @returns the runs to start
 */
export async function openDuePractices(em: Sql, keyring: WordsKey, now: Date): Promise<string[]> {
  const due = await rows<{ runbook: string }>(em)`
    select p.runbook from runbook_practice p where p.enabled and p.next_at <= ${now}::timestamptz and not exists (
      select 1 from runbook_executions e join runs r on r.id = e.run_id
      where e.runbook = p.runbook and e.practice and r.finished_at is null)
    order by p.next_at`;
  const runIds: string[] = [];
  for (const { runbook } of due) {
    const runId = await em.transactional((tx) => openOne(tx, keyring, runbook, now));
    if (runId) runIds.push(runId);
  }
  await tellOverdue(em, now);
  return runIds;
}

/** Null where another worker, or somebody by hand, was quicker, and where an input is missing: the plan says which. */
async function openOne(em: Sql, keyring: WordsKey, runbook: string, now: Date): Promise<string | null> {
  const [locked] = await rows<{ runbook: string }>(em)`
    select runbook from runbook_practice where runbook = ${runbook} and enabled and next_at <= ${now}::timestamptz
    for update skip locked`;
  const [plan] = locked ? await listPractices(em, runbook) : [];
  if (!plan || plan.blocked !== null) return null;
  const opened = await em
    .transactional((tx) =>
      openExecution(
        tx,
        keyring,
        runbook,
        { ...ExecutionStart.parse({ inputs: plan.inputs, practice: true }), cause: 'schedule' },
        theSystem,
      ),
    )
    .catch((error: unknown) => {
      if (error instanceof DomainError) return null;
      throw error;
    });
  if (!opened) return null;
  await rows(em)`
    update runbook_practice set next_at = ${now}::timestamptz + make_interval(days => every_days) where runbook = ${runbook}`;
  return opened.runId;
}

/** Told once for each runbook, until a practice of it comes to its end. */
async function tellOverdue(em: Sql, now: Date): Promise<void> {
  const late = await rows<{ runbook: string; title: string; last: string | null }>(em)`
    select p.runbook, v.definition->>'title' as title, to_char(p.last_practised_at at time zone 'UTC', 'YYYY-MM-DD') as last
    from runbook_practice p
    join lateral (select definition from runbook_versions v where v.name = p.runbook and not v.waits
                  order by v.version desc limit 1) v on true
    where p.enabled and p.stale_at < ${now}::timestamptz and not exists (
      select 1 from tasks k where k.kind = 'practice_overdue' and k.about = ${practiceSubject('')} || p.runbook and k.state = 'open')`;
  for (const { runbook, title, last } of late) {
    const [plan] = await listPractices(em, runbook);
    const why = plan?.blocked ? ` It cannot be practised by itself: ${plan.blocked}.` : '';
    await em.transactional((tx) =>
      openTask(tx, {
        ...{ kind: 'practice_overdue', runId: null, tenantId: null, subjectId: practiceSubject(runbook) },
        title: 'A runbook was not practised for too long',
        reason: {
          code: 'practice_overdue',
          text: `${last ? `The last practice of "${title}" that came to its end was on ${last}.` : `"${title}" was never practised to its end.`}${why}`,
        },
        left: [{ title, where: `/runbooks/${runbook}`, why: 'not practised' }],
      }),
    );
  }
}

/** How many runbooks stand how, for who measures. */
export async function countPractices(em: Sql): Promise<{ overdue: number; blocked: number }> {
  const plans = (await listPractices(em)).filter(({ enabled }) => enabled);
  return {
    overdue: plans.filter(({ isStale }) => isStale).length,
    blocked: plans.filter(({ blocked }) => blocked !== null).length,
  };
}
