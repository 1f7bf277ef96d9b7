import { resolve } from 'node:path';
import { z } from 'zod';

export const erasureVariables = {
  TENANTRY_PLACE: z.string().min(1).optional(),
  TENANTRY_ERASURE_LEDGER: z.string().min(1).optional(),
  TENANTRY_GRACE_DAYS: z.coerce.number().int().min(0).max(3_650).default(30),
  TENANTRY_ADDRESS_HOLD_DAYS: z.coerce.number().int().min(0).max(3_650).default(90),
  TENANTRY_CLOCK_TOLERANCE_SECONDS: z.coerce.number().int().min(1).default(300),
};
type Variables = z.output<z.ZodObject<typeof erasureVariables>>;

export interface ErasureSettings {
  /** Where the lines of the erasure ledger are written, apart from the database: a file, a folder, or s3://bucket/prefix. */
  ledger: string;
  /** For how long an offboarding can be taken back, where neither the request nor the plan says. */
  graceDays: number;
  /** For how long the address of an erased tenant is given to nobody. */
  addressHoldDays: number;
  /** By how much the clocks of workflows and registry may differ before an erasure waits for a person. */
  clockToleranceSeconds: number;
}

export const erasureOf = (e: Variables, dataDir: string): ErasureSettings => ({
  ledger: placeOf(e.TENANTRY_ERASURE_LEDGER ?? `${dataDir}/erasures`),
  graceDays: e.TENANTRY_GRACE_DAYS,
  addressHoldDays: e.TENANTRY_ADDRESS_HOLD_DAYS,
  clockToleranceSeconds: e.TENANTRY_CLOCK_TOLERANCE_SECONDS,
});

/** Where exports are kept. */
export const placeIn = (e: Variables, dataDir: string): string => placeOf(e.TENANTRY_PLACE ?? `${dataDir}/place`);

const placeOf = (given: string): string => (given.startsWith('s3://') ? given : resolve(given));
