import { Counter } from 'prom-client';
import type { DomainFinding } from '#contracts/onboarding/items.ts';
import { registry } from './metrics.ts';

const registers = [registry];

const onboardings = new Counter({
  name: 'tenantry_onboardings_total',
  help: 'What became of onboardings',
  labelNames: ['outcome'],
  registers,
});
const reminders = new Counter({
  name: 'tenantry_onboarding_reminders_total',
  help: 'Reminders that were queued, by the ladder or by hand',
  labelNames: ['by'],
  registers,
});
const domainChecks = new Counter({
  name: 'tenantry_mail_domain_checks_total',
  help: 'Looks for the record of a mail domain, by what was found',
  labelNames: ['finding'],
  registers,
});
const signUps = new Counter({
  name: 'tenantry_sign_ups_total',
  help: 'What became of sign-ups',
  labelNames: ['outcome'],
  registers,
});

export const countOnboarding = (outcome: 'finished' | 'cancelled' | 'escalated'): void => onboardings.inc({ outcome });
export const countReminder = (by: 'ladder' | 'hand'): void => reminders.inc({ by });
export const countDomainCheck = (finding: DomainFinding): void => domainChecks.inc({ finding });
export const countSignUp = (outcome: 'asked' | 'proven' | 'accepted' | 'refused'): void => signUps.inc({ outcome });
