import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';

export const serverVariables = {
  TENANTRY_SERVERS: z.string().min(1).optional(),
  TENANTRY_STANDBY_MAX_LAG_BYTES: z.coerce
    .number()
    .int()
    .min(0)
    .default(16 * 1024 * 1024),
  TENANTRY_STANDBY_MAX_LAG_SECONDS: z.coerce.number().min(0).max(86_400).default(10),
};

export interface ServerSettings {
  /** The file that describes the database servers; null where there is none. */
  file: string | null;
  /** Behind by more, and a person is asked. */
  maxLagBytes: number;
  maxLagSeconds: number;
}

export const serversOf = (e: z.output<z.ZodObject<typeof serverVariables>>): ServerSettings => ({
  file:
    e.TENANTRY_SERVERS === undefined || isAbsolute(e.TENANTRY_SERVERS)
      ? (e.TENANTRY_SERVERS ?? null)
      : resolve(e.TENANTRY_SERVERS),
  maxLagBytes: e.TENANTRY_STANDBY_MAX_LAG_BYTES,
  maxLagSeconds: e.TENANTRY_STANDBY_MAX_LAG_SECONDS,
});
