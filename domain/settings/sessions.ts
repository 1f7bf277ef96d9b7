import { z } from 'zod';

/** ASVS 5.0 7.3: how long a session lasts without use, and at the most. */
export interface SessionLimits {
  idleSeconds: number;
  absoluteSeconds: number;
}

export const sessionVariables = {
  TENANTRY_SESSION_IDLE_MINUTES: z.coerce.number().int().min(5).max(10_080).default(480),
  TENANTRY_SESSION_HOURS: z.coerce.number().int().min(1).max(2_160).default(168),
};

export const sessionLimitsOf = (env: z.output<z.ZodObject<typeof sessionVariables>>): SessionLimits => ({
  idleSeconds: env.TENANTRY_SESSION_IDLE_MINUTES * 60,
  absoluteSeconds: env.TENANTRY_SESSION_HOURS * 3600,
});
