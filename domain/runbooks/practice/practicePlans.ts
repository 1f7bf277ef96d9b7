import { DomainError } from '#contracts/errors.ts';
import type { PracticePlan } from '#contracts/runbooks/practice.ts';
import type { InputValues, RunbookInput } from '#contracts/runbooks/runbooks.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { rows } from '../../sql.ts';
import { readInputs } from '../checking/checkInputs.ts';

interface PlanRow {
  runbook: string;
  enabled: boolean;
  every_days: number;
  inputs: InputValues;
  next_at: string;
  last_run_id: string | null;
  last_practised_at: string | null;
  stale_at: string;
  is_stale: boolean;
  asked: RunbookInput[];
}

/** Of every runbook, by name; or of one, when it is there. */
export async function listPractices(em: Sql, name: string | null = null): Promise<PracticePlan[]> {
  const found = await rows<PlanRow>(em)`
    select p.*, p.enabled and p.stale_at < now() as is_stale, v.definition->'inputs' as asked
    from runbook_practice p
    join lateral (select definition from runbook_versions v where v.name = p.runbook and not v.waits
                  order by v.version desc limit 1) v on true
    where ${name}::text is null or p.runbook = ${name} order by p.runbook`;
  return found.map(viewPlan);
}

/** Refuses with `not_found`. */
export async function findPractice(em: Sql, name: string): Promise<PracticePlan> {
  const [found] = await listPractices(em, name);
  if (!found) throw new DomainError('not_found', `There is no runbook "${name}".`);
  return found;
}

/** Why it cannot be practised with these inputs, as a person reads it; null where it can. */
export function whyBlocked(asked: readonly RunbookInput[], given: InputValues): string | null {
  try {
    readInputs(asked, given);
    return null;
  } catch (error) {
    if (!(error instanceof DomainError) || !error.fields) throw error;
    return error.fields.map(({ path, message }) => `${path} ${message}`).join('; ');
  }
}

const viewPlan = (row: PlanRow): PracticePlan => ({
  ...{ runbook: row.runbook, enabled: row.enabled, everyDays: row.every_days, inputs: row.inputs },
  nextAt: row.enabled ? isoOf(row.next_at) : null,
  lastRunId: row.last_run_id,
  lastPractisedAt: row.last_practised_at === null ? null : isoOf(row.last_practised_at),
  staleAt: row.enabled ? isoOf(row.stale_at) : null,
  isStale: row.is_stale,
  blocked: whyBlocked(row.asked, row.inputs),
});
