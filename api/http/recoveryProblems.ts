import type { ErrorCode } from '#contracts/errors.ts';

/** Of servers that are moved, and of what `tenantry recover` refuses. */
export const recoveryStatuses = {
  server_unknown: 404,
  server_fenced: 409,
  server_disk_full: 409,
  server_verification_failed: 409,
  primary_not_fenced: 409,
  standby_behind: 409,
  standby_broken: 409,
  standby_not_promoted: 409,
  failover_in_progress: 409,
  journal_damaged: 409,
  journal_other: 409,
  journal_held: 409,
  action_needs_platform: 409,
  needs_recover: 409,
} as const satisfies Partial<Record<ErrorCode, number>>;
