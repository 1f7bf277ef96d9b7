import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  isCancellation,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { Reason } from '#contracts/workflowInputs.ts';

/** What the ledger shows. Texts come from the activities, which let no secret into them. */
export function reasonOf(error: unknown): Reason {
  if (isCancellation(error)) return { code: 'cancelled', text: 'Cancelled on request.' };
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof CancelledFailure) return { code: 'cancelled', text: 'Cancelled on request.' };
  if (cause instanceof TimeoutFailure) return { code: 'timeout', text: 'No answer within its time.' };
  if (cause instanceof ApplicationFailure) return { code: cause.type ?? 'internal', text: cause.message };
  return { code: 'internal', text: 'An unexpected error; the logs of the worker tell more.' };
}
