import type { LicensePolicyRules } from '#contracts/licenses/policies.ts';
import { entitlementText } from './licenseWords.ts';

/** One thing that a policy says, as people read it. */
export interface PolicyLine {
  name: string;
  text: string;
}

export interface PolicyChange {
  name: string;
  /** Null where one side says nothing. */
  before: string | null;
  after: string | null;
}

const bases: Record<LicensePolicyRules['renewal']['basis'], string> = {
  from_expiry: 'from its end',
  from_now: 'from the day of the renewal',
  from_now_if_expired: 'from its end, or from the day of the renewal when it is over',
};
const modes: Record<LicensePolicyRules['renewal']['mode'], string> = {
  auto: 'by itself',
  approval: 'after somebody has approved',
  manual: 'by hand',
};
const onExpiry: Record<LicensePolicyRules['onExpiry'], string> = {
  block: 'the product stops',
  degrade: 'the product goes on with less',
  log: 'the product goes on and notes it',
};
const overages: Record<LicensePolicyRules['seats']['overage'], string> = {
  refuse: 'nobody beyond',
  allow: 'as many beyond as want to',
  soft: 'beyond',
};
const uniqueness: Record<LicensePolicyRules['machines']['unique'], string> = {
  tenant: 'each machine once in all licences of the tenant',
  license: 'each machine once in the licence',
  none: 'the same machine as often as it asks',
};

const units = { Y: 'year', M: 'month', W: 'week', D: 'day' } as const;
const count = (number: number, unit: string): string => `${number} ${unit}${number === 1 ? '' : 's'}`;

/** A calendar period of ISO 8601 in words: `P1Y6M` is `1 year 6 months`. */
export const periodText = (period: string): string =>
  [...period.matchAll(/(\d+)([YMWD])/g)]
    .filter(([, number]) => Number(number) > 0)
    .map(([, number, unit]) => count(Number(number), units[unit as keyof typeof units]))
    .join(' ');

const days = (number: number): string => count(number, 'day');
const limitText = (limit: number | null): string => (limit === null ? 'as many as they like' : String(limit));
const heartbeatText = (seconds: number | null): string =>
  seconds === null ? '' : `, a heartbeat each ${count(seconds, 'second')}`;

/** What it says, line by line; entitlements by their names. What this page does not know is told by its own name. */
export function linesOfPolicy(rules: LicensePolicyRules): PolicyLine[] {
  const { product, term, trialDays, renewal, graceDays, connectivityDays, seats, machines, transferable, reminders } =
    rules;
  const { entitlements, onExpiry: _onExpiry, ...known } = rules;
  return [
    { name: 'Product', text: product },
    { name: 'Term', text: term.kind === 'perpetual' ? 'for ever' : periodText(term.period) },
    { name: 'Trial', text: trialDays === 0 ? 'none' : days(trialDays) },
    {
      name: 'Renewal',
      text: `${modes[renewal.mode]}${renewal.mode === 'manual' ? '' : `, ${days(renewal.daysBefore)} before the end`}, ${bases[renewal.basis]}`,
    },
    { name: 'Grace', text: graceDays === 0 ? 'none' : days(graceDays) },
    { name: 'Without contact', text: connectivityDays === null ? 'for ever' : `for ${days(connectivityDays)}` },
    { name: 'When it is over', text: onExpiry[rules.onExpiry] },
    {
      name: 'Seats',
      text: `${limitText(seats.limit)}${seats.limit === null ? '' : `, ${seats.overage === 'soft' ? `${seats.soft} ` : ''}${overages[seats.overage]}`}${heartbeatText(seats.heartbeatSeconds)}`,
    },
    {
      name: 'Machines',
      text: `${limitText(machines.limit)}, ${uniqueness[machines.unique]}${heartbeatText(machines.heartbeatSeconds)}`,
    },
    { name: 'Transferable', text: transferable ? 'yes' : 'no' },
    {
      name: 'Reminders',
      text:
        [
          reminders.before.length ? `${reminders.before.join(', ')} days before` : '',
          reminders.after.length ? `${reminders.after.join(', ')} days after` : '',
        ]
          .filter(Boolean)
          .join('; ') || 'none',
    },
    { name: 'Meters used up', text: rules.meters.overage === 'refuse' ? 'are refused' : 'go on, and are told' },
    { name: 'While suspended', text: rules.whileSuspended === 'silent' ? 'nobody is reminded' : 'reminders go on' },
    ...unknownLines(known, renewal),
    ...Object.entries(entitlements)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, entitlement]) => ({ name: `Entitlement ${name}`, text: entitlementText(entitlement) })),
  ];
}

const told = new Set(
  'product term trialDays renewal graceDays connectivityDays seats machines transferable reminders whileSuspended meters'.split(
    ' ',
  ),
);
const toldOfRenewal = new Set(['basis', 'mode', 'daysBefore']);

/** Rules that came after this page was written. */
const unknownLines = (known: object, renewal: object): PolicyLine[] => [
  ...Object.entries(known)
    .filter(([name]) => !told.has(name))
    .map(([name, value]) => ({ name, text: JSON.stringify(value) })),
  ...Object.entries(renewal)
    .filter(([name]) => !toldOfRenewal.has(name))
    .map(([name, value]) => ({ name: `renewal.${name}`, text: JSON.stringify(value) })),
];

/** What one version says otherwise than another. */
export function diffPolicies(before: LicensePolicyRules, after: LicensePolicyRules): PolicyChange[] {
  const [was, is] = [before, after].map(
    (rules) => new Map(linesOfPolicy(rules).map(({ name, text }) => [name, text])),
  ) as [Map<string, string>, Map<string, string>];
  return [...new Set([...was.keys(), ...is.keys()])]
    .map((name) => ({ name, before: was.get(name) ?? null, after: is.get(name) ?? null }))
    .filter((change) => change.before !== change.after);
}
