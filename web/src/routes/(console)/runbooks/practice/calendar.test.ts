import assert from 'node:assert/strict';
import type { ExecutionSummary } from '#contracts/runbooks/executions.ts';
import type { PracticePlan } from '#contracts/runbooks/practice.ts';
import { calendarOf, monthsAround } from './calendar.ts';

const now = new Date('2026-01-15T12:00:00Z');
const practised = (state: ExecutionSummary['state'], at: string) =>
  ({ runbook: 'lose-the-primary', state, finishedAt: at, createdAt: at }) as ExecutionSummary;
const plan = { runbook: 'lose-the-primary', enabled: true, blocked: null } as PracticePlan;
const books = [{ name: 'lose-the-primary', title: 'Lose the primary', practiceIsStale: false }];

describe('the calendar of practice', () => {
  it('spans the turn of a year, with now in it', () => {
    const months = monthsAround(now);
    assert.deepEqual([months[0]!.key, months.find(({ isNow }) => isNow)!.key, months.at(-1)!.key], ['2025-05', '2026-01', '2026-04']); // prettier-ignore
  });

  it('tells what was done and what failed in each month, and when it is due', () => {
    const practices = [
      practised('succeeded', '2025-12-31T23:59:59Z'),
      practised('rolled_back', '2026-01-01T00:00:00Z'),
    ];
    const [row] = calendarOf(books, [{ ...plan, nextAt: '2026-02-14T03:00:00Z', isStale: false }], practices, now);
    const at = (key: string) => row!.cells.find(({ month }) => month.key === key)!;
    assert.deepEqual([at('2025-12').done.length, at('2025-12').failed.length], [1, 0]);
    assert.deepEqual([at('2026-01').done.length, at('2026-01').failed.length, at('2026-01').next], [0, 1, null]);
    assert.equal(at('2026-02').next, '2026-02-14T03:00:00Z');
  });

  it('calls out what is stale, and what was due and did not happen', () => {
    const stale = books.map((book) => ({ ...book, practiceIsStale: true }));
    const [row] = calendarOf(stale, [{ ...plan, nextAt: '2025-12-14T03:00:00Z', isStale: true }], [], now);
    const current = row!.cells.find(({ month }) => month.isNow)!;
    assert.deepEqual([current.isOverdue, current.next], [true, '2025-12-14T03:00:00Z']);
  });
});
