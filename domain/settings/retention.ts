import { z } from 'zod';

/** What is cleared away when it is old enough, in this order. */
export const clearedKinds = [
  'sessions',
  'idempotencyKeys',
  'links',
  'mails',
  'approvals',
  'keys',
  'imports',
  'usageEvents',
  'dues',
  'runs',
] as const;
export type ClearedKind = (typeof clearedKinds)[number];

/** For how many days each is kept after it ended; null for ever. */
export type Retention = Record<ClearedKind, number | null>;

export const days = z
  .string()
  .regex(/^(?:[1-9]\d{0,4}|forever)$/, 'must be a number of days, or forever')
  .transform((text) => (text === 'forever' ? null : Number(text)));

/** No configuration lets usage be told later than this; an event is known for longer, so that it is not counted again. */
export const mostLateDays = 31;

export const retentionVariables = {
  TENANTRY_KEEP_SESSIONS_DAYS: days.prefault('30'),
  TENANTRY_KEEP_IDEMPOTENCY_KEYS_DAYS: days.prefault('2'),
  TENANTRY_KEEP_LINKS_DAYS: days.prefault('30'),
  TENANTRY_KEEP_MAILS_DAYS: days.prefault('90'),
  TENANTRY_KEEP_APPROVALS_DAYS: days.prefault('400'),
  TENANTRY_KEEP_KEYS_DAYS: days.prefault('400'),
  TENANTRY_KEEP_IMPORTS_DAYS: days.prefault('30'),
  TENANTRY_KEEP_USAGE_EVENTS_DAYS: days
    .refine(
      (count) => count === null || count > mostLateDays,
      `must be more than ${mostLateDays}: so late an event may come`,
    )
    .prefault('45'),
  TENANTRY_KEEP_DUES_DAYS: days.prefault('400'),
  TENANTRY_KEEP_RUN_DETAILS_DAYS: days.prefault('400'),
};

export const retentionOf = (env: Record<keyof typeof retentionVariables, number | null>): Retention => ({
  sessions: env.TENANTRY_KEEP_SESSIONS_DAYS,
  idempotencyKeys: env.TENANTRY_KEEP_IDEMPOTENCY_KEYS_DAYS,
  links: env.TENANTRY_KEEP_LINKS_DAYS,
  mails: env.TENANTRY_KEEP_MAILS_DAYS,
  approvals: env.TENANTRY_KEEP_APPROVALS_DAYS,
  keys: env.TENANTRY_KEEP_KEYS_DAYS,
  imports: env.TENANTRY_KEEP_IMPORTS_DAYS,
  usageEvents: env.TENANTRY_KEEP_USAGE_EVENTS_DAYS,
  dues: env.TENANTRY_KEEP_DUES_DAYS,
  runs: env.TENANTRY_KEEP_RUN_DETAILS_DAYS,
});
