import { CancellationScope, condition, defineSignal, setHandler } from '@temporalio/workflow';
import { decideSignal, wakeSignal } from '#contracts/workflowInputs.ts';

const decide = defineSignal<[decisionId: string]>(decideSignal);
const wake = defineSignal(wakeSignal);

/** Keeps a history short, however many tenants there are. */
const turnsInHistory = 200;

export interface Turn {
  isOver: boolean;
  /** How long to wait for a signal before the next turn, in ms; without it the next turn follows at once. */
  waitMs?: number;
}

/**
 * Asks, waits and asks again: who comes next and what became of whom stands in the rows. When the history has become long, the workflow goes on
 * as a new one with nothing but the run.
 */
export async function takeTurns(ask: () => Promise<Turn>, goOnAsNew: () => Promise<never>): Promise<void> {
  let signals = 0;
  setHandler(decide, () => void (signals += 1));
  setHandler(wake, () => void (signals += 1));
  // The wish to cancel is a row as well; this only wakes who waits.
  CancellationScope.current().cancelRequested.catch(() => (signals += 1));
  await CancellationScope.nonCancellable(async () => {
    for (let turn = 0; turn < turnsInHistory; turn++) {
      const seen = signals;
      const { isOver, waitMs } = await ask();
      if (isOver) return;
      if (waitMs !== undefined) await condition(() => signals > seen, waitMs);
    }
    await goOnAsNew();
  });
}
