import type { Request } from 'express';
import { DomainError } from '#contracts/errors.ts';
import type { SignedIn } from '#domain/people/sessions.ts';
import { findTokenHolder, type TokenHolder } from '#domain/workerTokens/workerTokens.ts';
import type { ApiContext } from '../context.ts';
import type { AnyRoute } from '../route.ts';

/** Who asks: a person by a session, a worker by its token, or nobody. Never both. */
export interface Caller {
  signedIn: SignedIn | null;
  worker: TokenHolder | null;
}

/** A token that comes and is none refuses (`unauthenticated`), whatever cookie came with it. */
export async function callerOf(
  { permission, takesWorkerTokens = permission === 'worker' }: AnyRoute,
  request: Request,
  session: string | null,
  { sessions, platform }: ApiContext,
): Promise<Caller> {
  if (permission === 'public') return { signedIn: null, worker: null };
  const bearer = takesWorkerTokens ? /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1] : undefined;
  if (bearer === undefined)
    return { signedIn: permission === 'worker' ? null : await sessions.find(session), worker: null };
  const worker = await findTokenHolder(platform.registry.em.fork(), bearer);
  if (!worker) throw new DomainError('unauthenticated', 'This token is not valid: unknown, expired or revoked.');
  return { signedIn: null, worker };
}
