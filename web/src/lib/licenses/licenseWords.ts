import type { LicenseEvent } from '#contracts/licenses/history.ts';
import type { LicenseKey } from '#contracts/licenses/keys.ts';
import type { LicenseStanding, LicenseState } from '#contracts/licenses/licenses.ts';
import type { Entitlement } from '#contracts/licenses/policies.ts';
import type { Word } from '#lib/display/words.ts';

/** What a licence is worth now. */
export const standingWords: Record<LicenseStanding, Word> = {
  valid: { title: 'Valid', tone: 'good' },
  grace: { title: 'In grace', tone: 'warn' },
  expired: { title: 'Expired', tone: 'bad' },
  not_yet_valid: { title: 'Not yet valid', tone: 'busy' },
  suspended: { title: 'Suspended', tone: 'warn' },
  revoked: { title: 'Revoked', tone: 'quiet' },
};

/** Its own state, whatever the date. */
export const licenseStateWords: Record<LicenseState, Word> = {
  active: { title: 'Active', tone: 'good' },
  suspended: { title: 'Suspended', tone: 'warn' },
  revoked: { title: 'Revoked', tone: 'quiet' },
  superseded: { title: 'Transferred', tone: 'quiet' },
};

export const keyStateWords: Record<LicenseKey['state'], Word> = {
  current: { title: 'Signs now', tone: 'good' },
  next: { title: 'Signs next', tone: 'busy' },
  retired: { title: 'Verifies only', tone: 'quiet' },
};

/** What may be given as a reason; the list of revocations tells it to everybody, so it is a code. */
export const revocationChoices = {
  unspecified: 'No reason told',
  contract_ended: 'The contract ended',
  unpaid: 'It was not paid for',
  misuse: 'It was misused',
  key_compromised: 'Its key was given away',
} as const;

const eventTitles: Record<string, string> = {
  'license.issued': 'Issued',
  'license.suspended': 'Suspended',
  'license.reinstated': 'Reinstated',
  'license.revoked': 'Revoked',
  'license.reissued': 'Signed anew',
  'license.transferred': 'Given to another tenant',
  'license.override_set': 'An entitlement was overridden',
  'license.override_removed': 'An override was taken back',
  'license.overrides_expired': 'Overrides ended',
  'license.renewed': 'Renewed',
  'license.renewal_passed': 'It was not renewed by the clock',
  'license.grace_ended': 'Its grace is over',
  'license.reminders_passed': 'Reminders were passed over',
  'license.cancelled_at_end': 'It is to end with its term',
  'license.kept': 'It is to go on after its term',
  'license.reminded': 'Its end was told',
  'license.expired': 'Its end has come',
  'license.use_taken_away': 'Somebody’s place was taken away',
};

/** What an event is called; one that is newer than these pages by its own name. */
export const eventTitle = ({ type }: Pick<LicenseEvent, 'type'>): string =>
  eventTitles[type] ?? type.replace(/^license\./, '').replaceAll(/[._]/g, ' ');

const numbers = new Intl.NumberFormat('en-GB');

/** What an entitlement grants: `yes`, `50`, `100,000 a month`. */
export function entitlementText(entitlement: Entitlement): string {
  if ('flag' in entitlement) return entitlement.flag ? 'yes' : 'no';
  if ('number' in entitlement) return numbers.format(entitlement.number);
  const { limit, per } = entitlement.meter;
  return `${limit === null ? 'as much as they like' : numbers.format(limit)} a ${per}`;
}

export const entitlementKinds = { flag: 'Flag', number: 'Number', meter: 'Meter' } as const;
export type EntitlementKind = keyof typeof entitlementKinds;
export const kindOfEntitlement = (entitlement: Entitlement): EntitlementKind =>
  'flag' in entitlement ? 'flag' : 'number' in entitlement ? 'number' : 'meter';

/** `3 of 20`, `3` where there is no limit. */
export const usedText = ({ used, limit }: { used: number; limit: number | null }): string =>
  limit === null ? `${numbers.format(used)}, no limit` : `${numbers.format(used)} of ${numbers.format(limit)}`;
