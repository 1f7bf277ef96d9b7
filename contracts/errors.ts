/**
 * Every error a caller can meet, by its stable code. The union is closed: a new code does not compile until the API
 * gives it an HTTP status, so no failure can leave without a meaning.
 */
export const errorCodes = [
  'bad_json',
  'body_too_large',
  'unsupported_media_type',
  'invalid_request',
  'not_found',
  'method_not_allowed',
  'unauthenticated',
  'bad_credentials',
  'too_many_attempts',
  'forbidden',
  'cross_origin',
  'slug_taken',
  'external_id_taken',
  'plan_unknown',
  'plan_taken',
  'plan_moved',
  'plan_expired',
  'plan_outdated',
  'plan_differs',
  'blueprint_unknown',
  'blueprint_changed',
  'blueprint_invalid',
  'region_unknown',
  'tenant_not_active',
  'tenant_erased',
  'confirmation_mismatch',
  'run_in_progress',
  'run_over',
  'run_not_cancellable',
  'run_not_repeatable',
  'run_not_finishable',
  'task_closed',
  'task_closes_itself',
  'cluster_changed',
  'run_not_pausable',
  'run_moved_on',
  'decision_not_possible',
  'input_invalid',
  'step_begun',
  'step_held',
  'finding_closed',
  'finding_not_repairable',
  'orphan_known',
  'sweep_locked',
  'support_open',
  'support_over',
  'support_too_long',
  'support_nobody_to_ask',
  'support_link_invalid',
  'approval_required',
  'approval_invalid',
  'approval_over',
  'approval_own',
  'approval_decided',
  'approval_not_needed',
  'approvers_too_few',
  'approval_policy_moved',
  'idempotency_key_reused',
  'idempotency_in_flight',
  'setup_link_invalid',
  'second_factor_required',
  'step_up_required',
  'not_confirmed',
  'sign_in_expired',
  'code_wrong',
  'password_weak',
  'password_wrong',
  'link_invalid',
  'email_taken',
  'factor_known',
  'factor_not_begun',
  'last_factor',
  'passkey_refused',
  'person_oneself',
  'person_not_invited',
  'person_not_active',
  'last_owner',
  'role_taken',
  'role_moved',
  'role_seeded',
  'role_in_use',
  'role_exceeds_yours',
  'too_many_requests',
  'key_not_allowed',
  'key_exceeds_yours',
  'api_key_over',
  'api_key_limit',
  'key_destroyed',
  'payload_unreadable',
  'payload_out_of_scope',
  'step_refused',
  'answer_late',
  'queue_unserved',
  'output_invalid',
  'callback_answered',
  'callback_over',
  'resource_conflict',
  'resource_fenced',
  'check_failed',
  'migration_failed',
  'mail_refused',
  'dependency_down',
  'internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** One thing wrong with the input: where (a JSON pointer-like dotted path) and what. */
export interface FieldError {
  path: string;
  message: string;
}

/**
 * A failure that has a meaning in the product. `publicMessage` may be shown to anybody who may see the thing it tells
 * of; `message` and `cause` stay in the logs. Never a secret or a personal datum in either.
 */
export class DomainError extends Error {
  readonly code: ErrorCode;
  readonly publicMessage: string;
  readonly fields: FieldError[];
  readonly extra: Record<string, unknown>;

  constructor(
    code: ErrorCode,
    publicMessage: string,
    options: { cause?: unknown; message?: string; fields?: FieldError[]; extra?: Record<string, unknown> } = {},
  ) {
    super(options.message ?? publicMessage, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'DomainError';
    this.code = code;
    this.publicMessage = publicMessage;
    this.fields = options.fields ?? [];
    this.extra = options.extra ?? {};
  }
}
