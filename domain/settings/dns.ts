import { isIP } from 'node:net';
import { z } from 'zod';

/** `9.9.9.9`, `10.0.0.1:5353`, `[2620:fe::fe]:53` */
const isServer = (text: string): boolean => {
  const bracketed = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(text);
  if (bracketed) return isIP(bracketed[1]!) === 6;
  return isIP(text) !== 0 || isIP(text.replace(/:\d{1,5}$/, '')) === 4;
};

export const dnsVariables = {
  TENANTRY_DNS_SERVERS: z
    .string()
    .transform((text) => text.split(',').map((server) => server.trim()))
    .refine((servers) => servers.every(isServer), 'must be addresses of name servers, separated by commas')
    .optional(),
  TENANTRY_DNS_SECONDS: z.coerce.number().min(0.5).max(20).default(5),
};

/** Which name servers are asked, each by itself (those of the machine when none are named), and how long in all. */
export interface DnsSettings {
  servers: string[] | null;
  deadlineMs: number;
}

export const dnsOf = (e: {
  TENANTRY_DNS_SERVERS?: string[] | undefined;
  TENANTRY_DNS_SECONDS: number;
}): DnsSettings => ({ servers: e.TENANTRY_DNS_SERVERS ?? null, deadlineMs: e.TENANTRY_DNS_SECONDS * 1_000 });
