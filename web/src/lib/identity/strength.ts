import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { adjacencyGraphs, dictionary } from '@zxcvbn-ts/language-common';

/** How hard a password is to guess, for a hint only: the API decides what it takes (8–128 characters, NIST SP 800-63B). */
export interface Strength {
  /** 1 too short, 2 weak, 3 fair, 4 strong. */
  level: 1 | 2 | 3 | 4;
  title: string;
}

const estimator = new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs });
const reasons: Record<string, string> = {
  topTen: 'one of the ten most used passwords',
  topHundred: 'one of the hundred most used passwords',
  common: 'a password that many use',
  similarToCommon: 'close to a password that many use',
  userInputs: 'it repeats your own names',
  straightRow: 'a row of keys',
  keyPattern: 'a pattern on the keyboard',
  simpleRepeat: 'repeated characters',
  extendedRepeat: 'repeated characters',
  sequences: 'a sequence like abc or 4321',
  recentYears: 'a recent year',
  dates: 'a date',
};

/** @param ownWords what others know of the person: name, e-mail address, product; they count for nothing */
export function strengthOf(password: string, ownWords: readonly string[]): Strength {
  const length = [...password].length;
  if (length < 8) return { level: 1, title: `Too short: ${8 - length} more` };
  const parts = ownWords
    .flatMap((word) => [word, ...word.split('@'), ...word.split(/[@\s.+_-]/)])
    .filter((word) => word.length > 2);
  // What comes after the hundredth character makes it no weaker, and would only take time.
  const { score, feedback } = estimator.check(password.slice(0, 100), [...parts, 'tenantry']);
  const reason = feedback.warning && reasons[feedback.warning];
  if (score <= 2) return { level: 2, title: `Weak: ${reason || 'easy to guess'}` };
  return score === 3 ? { level: 3, title: 'Fair: longer is stronger' } : { level: 4, title: 'Strong' };
}
