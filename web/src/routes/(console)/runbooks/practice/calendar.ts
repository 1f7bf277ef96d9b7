import type { ExecutionSummary } from '#contracts/runbooks/executions.ts';
import type { PracticePlan } from '#contracts/runbooks/practice.ts';

const behind = 8;
const ahead = 3;

export interface Month {
  /** `2026-11`, in UTC. */
  key: string;
  title: string;
  isNow: boolean;
  /** Whether a telephone shows it. */
  isNear: boolean;
}

export interface Cell {
  month: Month;
  done: ExecutionSummary[];
  failed: ExecutionSummary[];
  open: ExecutionSummary[];
  /** When it is practised next by itself. */
  next: string | null;
  /** Nothing was practised until a person had to be asked. */
  isOverdue: boolean;
}

export interface CalendarRow {
  runbook: string;
  title: string;
  plan: PracticePlan | null;
  cells: Cell[];
}

const monthOf = (iso: string): string => iso.slice(0, 7);
const name = new Intl.DateTimeFormat('en-GB', { month: 'short', year: '2-digit', timeZone: 'UTC' });

/** The months around now, the oldest first. */
export function monthsAround(now: Date): Month[] {
  return Array.from({ length: behind + 1 + ahead }, (_, at) => {
    const from = at - behind;
    const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + from, 1));
    return {
      key: monthOf(first.toISOString()),
      title: name.format(first),
      isNow: from === 0,
      isNear: from >= -1 && from <= 1,
    };
  });
}

/** What was practised in each month, what is due, and what is overdue. */
export function calendarOf(
  runbooks: readonly { name: string; title: string; practiceIsStale: boolean }[],
  plans: readonly PracticePlan[],
  practices: readonly ExecutionSummary[],
  now: Date,
): CalendarRow[] {
  const months = monthsAround(now);
  return runbooks.map(({ name: runbook, title, practiceIsStale }) => {
    const plan = plans.find((one) => one.runbook === runbook) ?? null;
    const own = practices.filter((one) => one.runbook === runbook);
    const next = plan?.enabled && plan.blocked === null ? plan.nextAt : null;
    const cells = months.map((month): Cell => {
      const here = own.filter((one) => monthOf(one.finishedAt ?? one.createdAt) === month.key);
      return {
        month,
        done: here.filter(({ state }) => state === 'succeeded'),
        failed: here.filter(({ state, finishedAt }) => finishedAt !== null && state !== 'succeeded'),
        open: here.filter(({ finishedAt }) => finishedAt === null),
        // What was due and did not happen is due now.
        next:
          next !== null && (monthOf(next) === month.key || (month.isNow && monthOf(next) < month.key)) ? next : null,
        isOverdue: month.isNow && practiceIsStale,
      };
    });
    return { runbook, title, plan, cells };
  });
}
