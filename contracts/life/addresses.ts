import { z } from 'zod';
import { Slug } from '../tenants.ts';

/** `current` is where the tenant is; `redirect` answers with where it is now; `held` answers nothing and is nobody else's yet. */
export const addressStates = ['current', 'redirect', 'held'] as const;

export const TenantRename = z.strictObject({
  slug: Slug,
  confirm: z.string().max(120).describe("The tenant's present slug, typed out"),
  redirectDays: z
    .number()
    .int()
    .min(0)
    .max(365)
    .optional()
    .describe('For how long the old address leads to the new one; else as configured'),
});
export type TenantRename = z.infer<typeof TenantRename>;

export const TenantAddress = z.object({
  slug: z.string(),
  state: z.enum(addressStates),
  until: z.iso.datetime().nullable().describe('When a redirect ends, or a held address is free again'),
});
export type TenantAddress = z.infer<typeof TenantAddress>;

export const TenantAddresses = z.object({ items: z.array(TenantAddress), redirectDays: z.number().int() });
export type TenantAddresses = z.infer<typeof TenantAddresses>;
