import { DomainError } from '#contracts/errors.ts';
import type { PracticeChange, PracticePlan } from '#contracts/runbooks/practice.ts';
import type { Sql } from '../../database.ts';
import { appendEvent, theSystem, type Actor } from '../../events/appendEvent.ts';
import { json, rows } from '../../sql.ts';
import { closeTasks } from '../../tasks/closeTasks.ts';
import { readGiven } from '../checking/checkInputs.ts';
import { findVersion } from '../versions/viewRunbooks.ts';
import { findPractice } from './practicePlans.ts';
import { practiceSubject } from './practiceSubject.ts';

/**
 * When a runbook is practised by itself, and with what. A period counts from its last practice, or from now where there was none. What is
 * required and not given yet is no refusal: it is not practised by itself until it is.
 * Refuses with `not_found`, and with `input_invalid` what is no input of its latest version, or does not fit one.
 */
export async function changePractice(
  em: Sql,
  name: string,
  change: PracticeChange,
  actor: Actor,
): Promise<PracticePlan> {
  const { definition } = await findVersion(em, name);
  if (change.inputs) readGiven(definition.inputs, change.inputs);
  const [changed] = await rows<{ is_late: boolean }>(em)`
    update runbook_practice p set
      enabled = c.enabled, every_days = c.every_days, inputs = coalesce(${change.inputs ? json(change.inputs) : null}::jsonb, p.inputs),
      next_at = case when c.moves then greatest(now(), c.since + make_interval(days => c.every_days)) else p.next_at end,
      stale_at = case when c.moves then c.since + make_interval(days => c.every_days + 7) else p.stale_at end,
      changed_by = ${actor.userId}::uuid
    from (select runbook, n.enabled, n.every_days, coalesce(last_practised_at, now()) as since,
            n.every_days <> q.every_days or n.enabled and not q.enabled as moves
          from runbook_practice q, lateral (
            select coalesce(${change.enabled ?? null}::boolean, q.enabled) as enabled,
              coalesce(${change.everyDays ?? null}::int, q.every_days) as every_days) n
          where q.runbook = ${name} for update of q) c
    where p.runbook = c.runbook returning p.enabled and p.stale_at < now() as is_late`;
  if (!changed) throw new DomainError('not_found', `There is no runbook "${name}".`);
  if (!changed.is_late)
    await closeTasks(em, { subjectId: practiceSubject(name), kinds: ['practice_overdue'] }, theSystem);
  const { enabled, everyDays } = change;
  await appendEvent(
    em,
    {
      ...{ stream: `runbook:${name}`, type: 'runbook.practice_changed', tenantId: null },
      // What the inputs say is not told: their names are.
      data: { name, enabled, everyDays, ...(change.inputs ? { inputs: Object.keys(change.inputs) } : {}) },
    },
    actor,
  );
  return findPractice(em, name);
}
