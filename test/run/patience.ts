/**
 * Times of tests are those of a machine that has nothing else to do; in a run of everything four files share two cores. They say when to give up, never
 * what is promised, so each is multiplied: what hangs is told later, and what is slow is no failure.
 */
export const patience = 3;
