import { z } from 'zod';

export interface ImportLimits {
  /** How many tenants of one import are under way at once. */
  concurrency: number;
}

export const importVariables = {
  TENANTRY_IMPORT_CONCURRENCY: z.coerce.number().int().min(1).max(500).default(24),
};

export const importLimitsOf = (env: { TENANTRY_IMPORT_CONCURRENCY: number }): ImportLimits => ({
  concurrency: env.TENANTRY_IMPORT_CONCURRENCY,
});
