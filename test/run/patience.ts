/**
 * Times of tests are those of a machine that has nothing else to do; in a run of everything several files share two cores. They say when to give up, never
 * what is promised, so each is multiplied: what hangs is told later, and what is slow is no failure.
 */
export const patience = 3;

const codes = ['WAITED_TOO_LONG', 'ERR_MOCHA_TIMEOUT'];

/** What was waited for did not come: nothing is wrong yet, and nothing is shown. */
export function waitedTooLong(message: string, options?: ErrorOptions): Error {
  return Object.assign(new Error(message, options), { code: 'WAITED_TOO_LONG' });
}

export function isWaitedTooLong(error: unknown): boolean {
  return codes.includes((error as { code?: string } | null)?.code ?? '');
}

/** What is promised is less than the limit, and on two busy cores it may take longer all the same: then it counts as waited for. */
export function assertInTime(tookMs: number, limitMs: number, what: string): void {
  if (tookMs >= limitMs) throw waitedTooLong(`${what}: ${Math.round(tookMs)} ms, and not within ${limitMs}`);
}
