import { isGrpcServiceError } from '@temporalio/client';

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** Connection exceptions, shut-downs, exhausted connections, cancelled and deadlocked statements: asking again may help. */
const sqlStates = /^(?:08...|57P0[1-5]|53...|57014|55P03|40001|40P01|XX000|25P0[34])$/;
const lostConnection =
  /timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error|connection timeout|Query read timeout/i;

/** gRPC's DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED and UNAVAILABLE. */
const grpcOutages = new Set([4, 8, 14]);

/** Which dependency failed to answer, as a sentence; null when the failure is of another kind. */
export function outageOf(error: unknown): string | null {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 6; cause = cause.cause, depth++) {
    if (isGrpcServiceError(cause)) return grpcOutages.has(cause.code) ? 'Temporal does not answer.' : null;
    const { code } = cause as { code?: unknown };
    if (typeof code === 'string' && (networkCodes.has(code) || sqlStates.test(code)))
      return 'The database does not answer.';
    if (lostConnection.test(cause.message)) return 'The database does not answer.';
  }
  return null;
}
