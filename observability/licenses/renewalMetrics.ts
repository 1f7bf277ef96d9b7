import { Counter } from 'prom-client';
import type { BillingProviderKind } from '#contracts/licenses/billing.ts';
import { registry } from '../metrics.ts';

const renewals = new Counter({
  name: 'tenantry_license_renewals_total',
  help: 'Renewals of licences that ended, by what came of them',
  labelNames: ['outcome'],
  registers: [registry],
});

const payments = new Counter({
  name: 'tenantry_payments_total',
  help: 'What became of payments for renewals, by who keeps them',
  labelNames: ['provider', 'outcome'],
  registers: [registry],
});

const messages = new Counter({
  name: 'tenantry_billing_messages_total',
  help: 'Messages of payment services: news, told again, about nothing of ours, or not authentic',
  labelNames: ['provider', 'outcome'],
  registers: [registry],
});

export const countRenewal = (outcome: 'done' | 'taken_back' | 'stranded'): void => renewals.inc({ outcome });
export const countPayment = (
  provider: BillingProviderKind,
  outcome: 'authorised' | 'declined' | 'captured' | 'voided',
): void => payments.inc({ provider, outcome });
export const countBillingMessage = (
  provider: BillingProviderKind,
  outcome: 'news' | 'again' | 'ignored' | 'refused',
): void => messages.inc({ provider, outcome });
