/**
 * Times of tests are those of a machine that has nothing else to do; in a run of everything four files share two cores. They say when to give up, never
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
