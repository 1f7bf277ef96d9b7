import type { Request } from 'express';
import { DomainError } from '#contracts/errors.ts';
import type { KeyHolder } from '#domain/apiKeys/findKeyHolder.ts';
import type { SignedIn } from '#domain/people/sessions.ts';
import { suspended } from '#domain/tenants/openTenants.ts';
import { tokenPrefixes } from '#domain/secrets/tokens.ts';
import { findTokenHolder, type TokenHolder } from '#domain/workerTokens/workerTokens.ts';
import type { ApiContext } from '../context.ts';
import type { AnyRoute } from '../route.ts';

/** Who asks: a person by a session, a program by a person's API key, a worker by its token, or nobody. Never two of them. */
export interface Caller {
  signedIn: SignedIn | null;
  key: KeyHolder | null;
  worker: TokenHolder | null;
}

const nobody: Caller = { signedIn: null, key: null, worker: null };

/**
 * A key or token that comes counts, whatever cookie came with it: one that is not valid refuses (`unauthenticated`), and so does a key
 * where only people may ask (`key_not_allowed`).
 */
export async function callerOf(
  {
    permission,
    recognises,
    people = permission === 'signed-in',
    takesWorkerTokens = permission === 'worker',
  }: AnyRoute,
  request: Request,
  session: string | null,
  { sessions, apiKeys, platform }: ApiContext,
): Promise<Caller> {
  if (permission === 'public') return recognises ? { ...nobody, signedIn: await sessions.find(session) } : nobody;
  const bearer = bearerOf(request);
  if (bearer !== null && takesWorkerTokens && !isKey(bearer)) {
    const worker = await findTokenHolder(platform.registry.em.fork(), bearer);
    if (!worker) throw notValid('token');
    return { ...nobody, worker };
  }
  if (bearer !== null && isKey(bearer)) {
    const key = await apiKeys.find(bearer);
    if (!key) throw notValid('key');
    if (key.isSuspended) throw suspended(null);
    if (people) throw new DomainError('key_not_allowed', 'Only a person who is signed in may do this.');
    return { ...nobody, key };
  }
  return { ...nobody, signedIn: permission === 'worker' ? null : await sessions.find(session) };
}

export function bearerOf({ headers: { authorization } }: Request): string | null {
  if (authorization === undefined) return null;
  return /^Bearer (\S+)$/i.exec(authorization)?.[1] ?? null;
}

const isKey = (bearer: string): boolean => bearer.startsWith(tokenPrefixes.apiKey);
const notValid = (what: string): DomainError =>
  new DomainError('unauthenticated', `This ${what} is not valid: unknown, expired or revoked.`);
