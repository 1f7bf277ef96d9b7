import type { Request, Response } from 'express';
import { isHttps } from '../http/plainHttp.ts';

export interface Cookie {
  name: string;
  read(request: Request): string | null;
  give(response: Response, value: string, expires: Date): void;
  take(response: Response): void;
}

/** `__Host-` binds a cookie to this host and to TLS (RFC 6265bis, 4.1.3.2); on plain loopback HTTP browsers refuse that name. */
function hostCookie(publicUrl: string, suffix = ''): Cookie {
  const secure = isHttps(publicUrl);
  const name = `${secure ? '__Host-' : ''}tenantry${suffix}`;
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
    give: (response, value, expires) => void response.cookie(name, value, { ...attributes, expires }),
    take: (response) => void response.clearCookie(name, attributes),
  };
}

export const sessionCookie = (publicUrl: string): Cookie => hostCookie(publicUrl);

export interface Cookies {
  session: Cookie;
  /** Between the password and the second factor. */
  step: Cookie;
  /** This browser signed in as somebody before. */
  device: Cookie;
}

export const cookiesOf = (publicUrl: string): Cookies => cookiesNamed(publicUrl, '');

/** Of one portal: a browser may be signed in at several, and on the platform, without one knowing of the other. */
export const portalCookiesOf = (publicUrl: string, tenant: string): Cookies =>
  cookiesNamed(publicUrl, `-portal-${tenant}`);

const cookiesNamed = (publicUrl: string, whose: string): Cookies => ({
  session: hostCookie(publicUrl, whose),
  step: hostCookie(publicUrl, `${whose}-step`),
  device: hostCookie(publicUrl, `${whose}-device`),
});
