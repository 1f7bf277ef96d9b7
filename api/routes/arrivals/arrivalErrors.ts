import type { ErrorCode } from '#contracts/errors.ts';

/** What opening a hand-over and its backup refuses. */
export const arrivalErrors = [
  'not_found', 'arrival_over', 'hand_over_for_another', 'hand_over_own', 'tenant_erased', 'backup_forged', 'backup_signer_unknown',
  'backup_wrong_key', 'backup_wrong_tenant', 'backup_not_found', 'backup_damaged', 'backup_incomplete', 'backup_truncated',
  'backup_format_unknown', 'backup_empty', 'backup_place_gone', 'backup_place_refused',
] as const satisfies readonly ErrorCode[]; // prettier-ignore
