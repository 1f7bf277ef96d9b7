import type { Request } from 'express';
import { DomainError } from '#contracts/errors.ts';
import { isLoopback } from './plainHttp.ts';

/** The origins under which browsers know this API: the public one, and on loopback its other spellings. */
export function ownOrigins(publicUrl: string, port: number): ReadonlySet<string> {
  const origins = new Set([new URL(publicUrl).origin]);
  if (isLoopback(new URL(publicUrl).hostname))
    for (const host of ['localhost', '127.0.0.1', '[::1]']) origins.add(`http://${host}:${port}`);
  return origins;
}

/**
 * A browser's request that changes something must come from our own pages: `Sec-Fetch-Site` says so, else `Origin`. A request
 * with neither is not a browser's (OWASP CSRF prevention, Fetch metadata).
 */
export function refuseCrossOrigin(request: Request, own: ReadonlySet<string>): void {
  const site = request.headers['sec-fetch-site'];
  const origin = request.headers.origin;
  const allowed =
    site === undefined ? origin === undefined || own.has(origin) : site === 'same-origin' || site === 'none';
  if (!allowed) throw new DomainError('cross_origin', 'This request came from a page of another origin.');
}
