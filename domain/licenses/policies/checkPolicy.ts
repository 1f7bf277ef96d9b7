import type { FieldError } from '#contracts/errors.ts';
import type { LicensePolicyDraft, LicensePolicyRules } from '#contracts/licenses/policies.ts';
import { fewestDaysOf } from '../calendar.ts';

export const usualLadder = { before: [60, 30, 14, 7, 1], after: [1, 7] };

/** A policy with everything that was left out, and every reason why licences cannot be issued by it. */
export function checkPolicy(draft: LicensePolicyDraft): { rules: LicensePolicyRules; problems: FieldError[] } {
  const { term, reminders, ...rest } = draft;
  const isPerpetual = term.kind === 'perpetual';
  const termDays = isPerpetual ? Infinity : fewestDaysOf(term.period);
  const settled: LicensePolicyRules = {
    ...rest,
    term,
    reminders: {
      before: reminders.before ?? (isPerpetual ? [] : usualLadder.before.filter((days) => days < termDays)),
      after: reminders.after ?? (isPerpetual ? [] : usualLadder.after),
    },
  };
  return {
    rules: settled,
    problems: [
      ...(isPerpetual ? againstPerpetual(settled) : againstTerm(settled, termDays)),
      ...againstSeats(settled),
      ...disordered('reminders.before', settled.reminders.before, (one, next) => one > next, 'the longest first'),
      ...disordered('reminders.after', settled.reminders.after, (one, next) => one < next, 'the shortest first'),
    ],
  };
}

/** What never ends is neither renewed nor reminded of, and has no time after its end. */
function againstPerpetual({
  renewal,
  graceDays,
  reminders,
  entitlements,
  trialDays,
}: LicensePolicyRules): FieldError[] {
  const found: FieldError[] = [];
  const complain = (path: string, message: string) => found.push({ path, message });
  if (renewal.mode !== 'manual') complain('renewal.mode', 'must be manual: what is perpetual is not renewed');
  if (graceDays > 0 && trialDays === 0) complain('graceDays', 'must be 0: what is perpetual does not end');
  for (const when of ['before', 'after'] as const)
    if (reminders[when].length > 0 && trialDays === 0)
      complain(`reminders.${when}`, 'must be empty: what is perpetual does not end');
  for (const [name, entitlement] of Object.entries(entitlements))
    if ('meter' in entitlement && entitlement.meter.per === 'term')
      complain(`entitlements.${name}.meter.per`, 'must not be term: what is perpetual has none');
  return found;
}

function againstTerm({ graceDays, reminders, renewal }: LicensePolicyRules, termDays: number): FieldError[] {
  const found: FieldError[] = [];
  if (renewal.mode !== 'manual' && renewal.daysBefore >= termDays)
    found.push({ path: 'renewal.daysBefore', message: `must be less than the term: ${termDays} days` });
  if (graceDays >= termDays) found.push({ path: 'graceDays', message: `must be less than the term: ${termDays} days` });
  for (const [at, days] of reminders.before.entries())
    if (days >= termDays)
      found.push({ path: `reminders.before.${at}`, message: `must be less than the term: ${termDays} days` });
  return found;
}

function againstSeats({ seats }: LicensePolicyRules): FieldError[] {
  if (seats.overage !== 'soft')
    return seats.soft > 0 ? [{ path: 'seats.soft', message: 'must be 0 unless the overage is soft' }] : [];
  if (seats.limit === null) return [{ path: 'seats.limit', message: 'is missing: a soft overage is beyond a limit' }];
  return seats.soft === 0 ? [{ path: 'seats.soft', message: 'must be at least 1 for a soft overage' }] : [];
}

const disordered = (
  path: string,
  list: readonly number[],
  inOrder: (one: number, next: number) => boolean,
  order: string,
): FieldError[] =>
  list.every((days, at) => at === 0 || inOrder(list[at - 1]!, days))
    ? []
    : [{ path, message: `must be without repetition, ${order}` }];
