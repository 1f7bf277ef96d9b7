import { DomainError } from '#contracts/errors.ts';
import type { RouteInput } from '../../route.ts';
import type { z } from 'zod';

type Asked = Pick<RouteInput<z.ZodType, z.ZodType, z.ZodType>, 'signedIn' | 'may'>;

/** Whose keys somebody may look at and revoke: their own, or by `api-keys:manage` everybody's (null). */
export function whoseKeys({ signedIn, may }: Asked): string | null {
  if (!signedIn) throw new DomainError('unauthenticated', 'Sign in first.');
  return may('api-keys:manage') ? null : signedIn.userId;
}
