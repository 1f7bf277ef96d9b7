import { dayMs, writeDate } from '../format/dates.ts';
import type { ReadLicense, ReadRevocations } from '../format/readClaims.ts';
import { isRevoked } from './revocations.ts';
import type { Seen } from './seen.ts';
import type { State, Verdict, Warning } from './verdict.ts';

/** What a licence is held against. All of it is given: nothing here reads a clock. */
export interface Circumstances {
  /** Null: any product, for tools that only look. */
  product: string | null;
  tenant?: string | undefined;
  /** SHA-256 of the machine's fingerprint, hexadecimal in lower case. */
  machine?: string | undefined;
  /** How many are taken, the one who asks included. */
  usage?: { seats?: number; machines?: number } | undefined;
  minSerial?: number | undefined;
  seen: Seen | null;
  revocations: ReadRevocations | null;
  /** Milliseconds since 1970. */
  now: number;
  clockToleranceMs: number;
}

/**
 * What a licence with a good signature is worth here and now. The order is part of the format: what makes it another's
 * or takes it back comes first, then the clock, then what the clock decides.
 */
export function judge(license: ReadLicense, given: Circumstances): Verdict {
  const { claims, starts, expires } = license;
  const { now, revocations, seen } = given;
  if (given.product !== null && claims.product !== given.product)
    return blocked('wrong_product', 'The licence is for another product.', license);
  if (given.tenant !== undefined && claims.tenant !== given.tenant)
    return blocked('wrong_tenant', 'The licence is for another tenant.', license);
  if (revocations && isRevoked(revocations, claims))
    return blocked('revoked', `The licence was revoked (list ${revocations.claims.number}).`, license);
  const leastSerial = Math.max(given.minSerial ?? 0, seen?.license === claims.id ? seen.serial : 0);
  if (claims.serial < leastSerial)
    return blocked('older_than_seen', `Serial ${claims.serial} was replaced: ${leastSerial} was seen.`, license);
  if (revocations && seen && revocations.claims.number < seen.number)
    return blocked(
      'older_than_seen',
      `Revocation list ${revocations.claims.number} was replaced: ${seen.number} was seen.`,
      license,
    );
  if (claims.suspended) return blocked('suspended', 'The licence is suspended.', license);

  // Whoever signed these dates had reached them: a clock that shows less is wrong.
  const known = Math.max(license.issued, revocations?.issued ?? 0, seen?.at ?? 0);
  if (now + given.clockToleranceMs < known)
    return blocked('clock_rolled_back', `The clock shows ${writeDate(now)}; it has been ${writeDate(known)}.`, license);
  if (claims.machines.binding && !claims.machines.binding.includes(given.machine ?? ''))
    return blocked('wrong_machine', 'The licence is bound to other machines.', license);
  if (now < starts)
    return {
      ...blocked('not_yet_valid', `The licence starts at ${claims.startsAt}.`, license),
      until: claims.startsAt,
    };

  const staleFrom = staleness(license, revocations);
  if (now >= staleFrom)
    return blocked('stale', `Contact was last proven ${claims.connectivity.days} days ago or more.`, license);
  const { seats = 0, machines = 0 } = given.usage ?? {};
  if (claims.machines.limit !== null && machines > claims.machines.limit)
    return blocked('machines_exceeded', `${machines} machines of ${claims.machines.limit}.`, license);
  const over = claims.seats.limit !== null && seats > claims.seats.limit;
  if (over && seats > seatsLetIn(claims.seats))
    return blocked('seats_exceeded', `${seats} seats of ${claims.seats.limit}.`, license);

  const warnings = warningsOf(license, given, over);
  if (now < expires)
    return {
      state: 'valid',
      action: 'run',
      reason: 'The licence is valid.',
      license: claims,
      until: dateOf(license, Math.min(expires, staleFrom)),
      warnings,
    };
  const graceEnds = expires + claims.graceDays * dayMs;
  if (now < graceEnds)
    return {
      state: 'grace',
      action: 'run',
      reason: `The licence ended at ${claims.expiresAt}; its grace ends at ${writeDate(graceEnds)}.`,
      license: claims,
      until: writeDate(Math.min(graceEnds, staleFrom)),
      warnings: ['in_grace', ...warnings],
    };
  const action = ({ block: 'block', degrade: 'degrade', log: 'run' } as const)[claims.onExpiry];
  return {
    state: 'expired',
    action,
    reason: `The licence ended at ${claims.expiresAt}.`,
    license: claims,
    until: null,
    warnings: action === 'block' ? warnings : ['expired', ...warnings],
  };
}

/** From when on it is too long ago that somebody who signs was heard of: the newest signed date counts. */
function staleness({ claims, issued }: ReadLicense, revocations: ReadRevocations | null): number {
  const { days } = claims.connectivity;
  return days === null ? Infinity : Math.max(issued, revocations?.issued ?? 0) + days * dayMs;
}

const seatsLetIn = ({ limit, overage, soft }: { limit: number | null; overage: string; soft: number }): number =>
  limit === null || overage === 'allow' ? Infinity : overage === 'soft' ? limit + soft : limit;

const none: readonly Warning[] = [];

function warningsOf({ claims }: ReadLicense, given: Circumstances, over: boolean): readonly Warning[] {
  const { revocations, seen, now } = given;
  const isOutdated = revocations !== null && now > revocations.nextUpdate;
  const isMissing = revocations === null && seen !== null && seen.number > 0;
  if (!over && !claims.test && !isOutdated && !isMissing) return none;
  return [
    ...(over ? (['seats_over'] as const) : none),
    ...(claims.test ? (['test'] as const) : none),
    ...(isOutdated ? (['revocations_outdated'] as const) : none),
    ...(isMissing ? (['revocations_missing'] as const) : none),
  ];
}

const dateOf = ({ claims, expires }: ReadLicense, ms: number): string | null =>
  ms === expires ? claims.expiresAt : writeDate(ms);

const blocked = (state: State, reason: string, { claims }: ReadLicense): Verdict => ({
  state,
  action: 'block',
  reason,
  license: claims,
  until: null,
  warnings: none,
});
