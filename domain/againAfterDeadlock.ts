import { setTimeout as delay } from 'node:timers/promises';
import { causesOf } from './causes.ts';

const mostAttempts = 4;
const longestPauseMs = 60;
const deadlockDetected = '40P01';

function isDeadlock(error: unknown): boolean {
  for (const { code } of causesOf(error)) if (code === deadlockDetected) return true;
  return false;
}

/**
 * Of transactions that wait for each other PostgreSQL ends one, with nothing of it left: it is carried out again, after a moment that is
 * another for each. A request that holds its tenant meets so the end of a run, which comes to the tenant from its run.
 *
 * @param work opens its own transaction, and does nothing outside it
 */
export async function againAfterDeadlock<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++)
    try {
      return await work();
    } catch (error) {
      if (attempt === mostAttempts || !isDeadlock(error)) throw error;
      await delay(Math.random() * longestPauseMs * attempt);
    }
}
