import type { Request, Response } from 'express';
import { isHttps } from '../http/plainHttp.ts';

export interface SessionCookie {
  name: string;
  read(request: Request): string | null;
  give(response: Response, token: string, expires: Date): void;
  take(response: Response): void;
}

/** `__Host-` binds the cookie to this host and to TLS (RFC 6265bis, 4.1.3.2); on plain loopback HTTP browsers refuse that name. */
export function sessionCookie(publicUrl: string): SessionCookie {
  const secure = isHttps(publicUrl);
  const name = secure ? '__Host-tenantry' : 'tenantry';
  const attributes = { httpOnly: true, sameSite: 'lax', path: '/', secure } as const;
  return {
    name,
    read(request) {
      for (const pair of request.headers.cookie?.split(';') ?? []) {
        const at = pair.indexOf('=');
        if (pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
      }
      return null;
    },
    give: (response, token, expires) => void response.cookie(name, token, { ...attributes, expires }),
    take: (response) => void response.clearCookie(name, attributes),
  };
}
