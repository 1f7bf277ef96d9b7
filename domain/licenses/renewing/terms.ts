import type { RenewalBasis } from '#contracts/licenses/policies.ts';
import { endOfTerms } from '../calendar.ts';

/** Of a licence that ends: how its terms are counted, and when it ends. */
export interface Term {
  anchorAt: Date;
  terms: number;
  expiresAt: Date;
}

/** What a renewal makes of it. `from` is when the time begins that is paid for. */
export interface NextTerm extends Term {
  from: Date;
}

const toSecond = (time: Date): Date => new Date(Math.floor(time.getTime() / 1000) * 1000);

/** From when on the next term is counted: from the end of the last, or from now, as the policy says. */
export function nextBegin({ expiresAt }: Pick<Term, 'expiresAt'>, basis: RenewalBasis, now: Date): Date {
  const fromNow = basis === 'from_now' || (basis === 'from_now_if_expired' && now >= expiresAt);
  return fromNow ? toSecond(now) : expiresAt;
}

/**
 * One more term. Where it follows the last and that ended by the calendar, it is counted from the anchor like all before, so that a licence
 * of the 31st keeps its day; else a new count begins.
 */
export function nextTerm(term: Term, period: string, basis: RenewalBasis, now: Date): NextTerm {
  const from = nextBegin(term, basis, now);
  if (from.getTime() === term.expiresAt.getTime() && isByCalendar(term, period)) {
    const terms = term.terms + 1;
    return { from, anchorAt: term.anchorAt, terms, expiresAt: endOfTerms(term.anchorAt, period, terms) };
  }
  return { from, anchorAt: from, terms: 1, expiresAt: endOfTerms(from, period) };
}

/** Whether its end is that of its last term: not where it was issued with an end of its own, or brought to another's. */
export const isByCalendar = ({ anchorAt, terms, expiresAt }: Term, period: string): boolean =>
  terms > 0 && endOfTerms(anchorAt, period, terms).getTime() === expiresAt.getTime();
