import type { LicenseClaims } from '../claims.ts';
import type { ReadRevocations } from '../format/readClaims.ts';
import type { RefusedState } from './verdict.ts';

/** What became of a revocation list. Anything but `accepted` leaves the former one in its place. */
export interface RevocationsVerdict {
  state: 'accepted' | 'wrong_product' | 'older_than_seen' | 'clock_rolled_back' | RefusedState;
  reason: string;
  /** The number of the list that counts from now on; null when there is none. */
  number: number | null;
}

/** Whether this list may follow on the one before it. Its number never goes back, and two lists have not the same number. */
export function judgeRevocations(
  next: ReadRevocations,
  current: ReadRevocations | null,
  given: { product: string | null; isSameText: boolean },
): RevocationsVerdict {
  const number = current?.claims.number ?? null;
  if (given.product !== null && next.claims.product !== given.product)
    return { state: 'wrong_product', reason: 'The list is for another product.', number };
  if (number !== null && (next.claims.number < number || (next.claims.number === number && !given.isSameText)))
    return { state: 'older_than_seen', reason: `List ${next.claims.number} comes after list ${number}.`, number };
  return { state: 'accepted', reason: `List ${next.claims.number} counts.`, number: next.claims.number };
}

const indexes = new WeakMap<ReadRevocations, Map<string, number>>();

/** A list is looked through once: afterwards it is one look-up. */
export function isRevoked(list: ReadRevocations, { id, serial }: LicenseClaims): boolean {
  let index = indexes.get(list);
  if (!index) {
    index = new Map();
    for (const one of list.claims.revoked) index.set(one.id, Math.max(index.get(one.id) ?? 0, one.serial ?? Infinity));
    indexes.set(list, index);
  }
  return serial <= (index.get(id) ?? 0);
}
