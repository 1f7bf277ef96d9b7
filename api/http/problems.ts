import type { Response } from 'express';
import { DomainError, type ErrorCode } from '#contracts/errors.ts';
import type { Problem } from '#contracts/problems.ts';
import { outageOf } from './outages.ts';

/** A new code without a status does not compile. */
export const statuses: Record<ErrorCode, number> = {
  bad_json: 400,
  body_too_large: 413,
  unsupported_media_type: 415,
  invalid_request: 400,
  not_found: 404,
  method_not_allowed: 405,
  unauthenticated: 401,
  bad_credentials: 401,
  too_many_attempts: 429,
  forbidden: 403,
  cross_origin: 403,
  slug_taken: 409,
  external_id_taken: 409,
  plan_unknown: 400,
  plan_taken: 409,
  plan_moved: 409,
  plan_expired: 410,
  plan_outdated: 409,
  plan_differs: 422,
  blueprint_unknown: 400,
  blueprint_changed: 409,
  blueprint_invalid: 422,
  region_unknown: 400,
  tenant_not_active: 409,
  tenant_erased: 409,
  confirmation_mismatch: 400,
  run_in_progress: 409,
  run_over: 409,
  run_not_cancellable: 409,
  run_not_repeatable: 409,
  run_not_finishable: 409,
  task_closed: 409,
  task_closes_itself: 409,
  cluster_changed: 409,
  run_not_pausable: 409,
  run_moved_on: 409,
  decision_not_possible: 409,
  input_invalid: 400,
  step_begun: 409,
  step_held: 409,
  finding_closed: 409,
  finding_not_repairable: 409,
  orphan_known: 409,
  sweep_locked: 409,
  idempotency_key_reused: 422,
  idempotency_in_flight: 409,
  setup_link_invalid: 403,
  second_factor_required: 403,
  step_up_required: 403,
  not_confirmed: 403,
  sign_in_expired: 401,
  code_wrong: 403,
  password_weak: 422,
  password_wrong: 403,
  link_invalid: 403,
  email_taken: 409,
  factor_known: 409,
  factor_not_begun: 409,
  last_factor: 409,
  passkey_refused: 422,
  person_oneself: 409,
  person_not_invited: 409,
  person_not_active: 409,
  last_owner: 409,
  too_many_requests: 429,
  key_destroyed: 410,
  payload_unreadable: 400,
  payload_out_of_scope: 403,
  step_refused: 409,
  answer_late: 409,
  queue_unserved: 409,
  output_invalid: 422,
  callback_answered: 409,
  callback_over: 410,
  resource_conflict: 409,
  resource_fenced: 409,
  check_failed: 409,
  migration_failed: 409,
  mail_refused: 409,
  dependency_down: 503,
  internal: 500,
};

export const titles: Record<ErrorCode, string> = {
  bad_json: 'The body is not JSON',
  body_too_large: 'The body is too large',
  unsupported_media_type: 'The body is not sent as JSON',
  invalid_request: 'The request is not valid',
  not_found: 'Not found',
  method_not_allowed: 'Method not allowed',
  unauthenticated: 'Not signed in',
  bad_credentials: 'Not the right e-mail address and password',
  too_many_attempts: 'Too many attempts',
  forbidden: 'Not permitted',
  cross_origin: 'Refused from another origin',
  slug_taken: 'The address is taken',
  external_id_taken: 'The external id is taken',
  plan_unknown: 'Unknown plan',
  plan_taken: 'There is a plan of that name',
  plan_moved: 'The plan was moved meanwhile',
  plan_expired: 'The plan has expired',
  plan_outdated: 'Reality moved since the plan was made',
  plan_differs: 'The plan was made for something else',
  blueprint_unknown: 'Unknown version of a blueprint',
  blueprint_changed: 'The blueprint has a newer version',
  blueprint_invalid: 'The blueprint is not valid',
  region_unknown: 'Unknown region',
  tenant_not_active: 'The tenant is not active',
  tenant_erased: 'The tenant was erased',
  confirmation_mismatch: 'Not confirmed',
  run_in_progress: 'Another run is in progress',
  run_over: 'The run has ended',
  run_not_cancellable: 'The run cannot be cancelled',
  run_not_repeatable: 'The run cannot be tried again',
  run_not_finishable: 'There is nothing left to finish',
  task_closed: 'The task is done',
  task_closes_itself: 'The task closes by itself',
  cluster_changed: 'Another Temporal cluster answers now',
  run_not_pausable: 'The run cannot be paused',
  run_moved_on: 'The run has moved on',
  decision_not_possible: 'This cannot be decided here',
  input_invalid: 'The input does not fit the step',
  step_begun: 'The step has begun',
  step_held: 'The step is held',
  finding_closed: 'The difference is not there any more',
  finding_not_repairable: 'It cannot be brought back by a repair',
  orphan_known: 'It is no orphan any more',
  sweep_locked: 'Removals are locked',
  idempotency_key_reused: 'The idempotency key was used for another request',
  idempotency_in_flight: 'A request with this idempotency key is being carried out',
  setup_link_invalid: 'The link is not valid',
  second_factor_required: 'A second factor must be set up',
  step_up_required: 'Confirm that it is you',
  not_confirmed: 'It was not confirmed',
  sign_in_expired: 'The sign-in took too long',
  code_wrong: 'Not the right code',
  password_weak: 'The password is too easy to guess',
  password_wrong: 'Not the right password',
  link_invalid: 'The link is not valid',
  email_taken: 'The e-mail address is taken',
  factor_known: 'The factor is set up already',
  factor_not_begun: 'Setting up the factor was not begun',
  last_factor: 'The last second factor stays',
  passkey_refused: 'The passkey was refused',
  person_oneself: 'Not on oneself',
  person_not_invited: 'The person is not waiting for an invitation',
  person_not_active: 'The person is not active',
  last_owner: 'The last owner stays',
  too_many_requests: 'Too many requests',
  key_destroyed: 'The key is destroyed',
  payload_unreadable: 'A payload cannot be read',
  payload_out_of_scope: 'A payload is not for this caller',
  step_refused: 'A step was refused',
  answer_late: 'A step was not answered in time',
  queue_unserved: 'Nobody serves a task queue',
  output_invalid: 'The output does not fit its schema',
  callback_answered: 'The answer was given already',
  callback_over: 'Nobody waits for this answer any more',
  resource_conflict: 'Something else is in the way',
  resource_fenced: 'The resource is being removed',
  check_failed: 'A check failed',
  migration_failed: 'A migration failed',
  mail_refused: 'The mail was refused',
  dependency_down: 'Something that Tenantry depends on does not answer',
  internal: 'Something went wrong',
};

/** Seconds after which asking again makes sense. */
const retryAfter: Partial<Record<ErrorCode, number>> = {
  dependency_down: 2,
  too_many_attempts: 5,
  idempotency_in_flight: 1,
  too_many_requests: 1,
};

/** Any failure as one that has a meaning; what has none is `internal` and tells nothing of itself. */
export function domainErrorOf(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  if (error instanceof URIError || (error as { status?: unknown })?.status === 400)
    return new DomainError('invalid_request', 'The address is not properly encoded.', { cause: error });
  const outage = outageOf(error);
  if (outage) return new DomainError('dependency_down', outage, { cause: error });
  return new DomainError('internal', 'Something went wrong on our side. The request id helps to find out what.', {
    cause: error,
  });
}

export function problemOf(error: DomainError, requestId: string): Problem {
  const { code, publicMessage, fields, extra } = error;
  return {
    type: `/docs#${code}`,
    title: titles[code],
    status: statuses[code],
    detail: publicMessage,
    code,
    requestId,
    ...(fields.length > 0 ? { fields } : {}),
    ...(Array.isArray(extra['suggestions']) ? { suggestions: extra['suggestions'] as string[] } : {}),
    ...(typeof extra['runId'] === 'string' ? { runId: extra['runId'] } : {}),
  };
}

/** The one place that writes problems (RFC 9457). */
export function writeProblem(response: Response, error: DomainError, requestId: string): void {
  const problem = problemOf(error, requestId);
  const { retryAfterSeconds: seconds = retryAfter[error.code] } = error.extra as { retryAfterSeconds?: number };
  if (seconds !== undefined) response.set('Retry-After', String(seconds));
  if (problem.status === 401) response.set('WWW-Authenticate', 'Session realm="Tenantry"'); // RFC 9110, 15.5.2
  response
    .status(problem.status)
    .set('Cache-Control', 'no-store')
    .set('Content-Type', 'application/problem+json; charset=utf-8')
    .end(JSON.stringify(problem));
}
