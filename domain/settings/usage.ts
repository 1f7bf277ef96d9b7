import { z } from 'zod';
import { mostLateDays } from './retention.ts';

export interface UsageLimits {
  /** How many days after it happened an event of usage may still be told. */
  lateDays: number;
}

export const usageVariables = {
  TENANTRY_USAGE_LATE_DAYS: z.coerce.number().int().min(1).max(mostLateDays).default(7),
};

export const usageLimitsOf = (env: { TENANTRY_USAGE_LATE_DAYS: number }): UsageLimits => ({
  lateDays: env.TENANTRY_USAGE_LATE_DAYS,
});
