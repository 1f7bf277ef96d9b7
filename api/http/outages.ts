import { isGrpcServiceError } from '@temporalio/client';
import { causesOf } from '#domain/causes.ts';
import { saysRegistryIsAway } from '#domain/registryAway.ts';

/** gRPC's DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED and UNAVAILABLE. */
const grpcOutages = new Set([4, 8, 14]);

/** Which dependency failed to answer, as a sentence; null when the failure is of another kind. */
export function outageOf(error: unknown): string | null {
  for (const cause of causesOf(error)) {
    if (isGrpcServiceError(cause)) return grpcOutages.has(cause.code) ? 'Temporal does not answer.' : null;
    if (saysRegistryIsAway(cause)) return 'The database does not answer.';
  }
  return null;
}
