import { z } from 'zod';
import { licenseStandings } from '../licenses/licenses.ts';
import { Entitlement } from '../licenses/policies.ts';

const used = z.object({
  limit: z.number().int().nullable().describe('null: as many as they like'),
  used: z.number().int(),
});

/** What a tenant's people are told of a licence: what it grants and until when, nothing of how it is sold. */
export const PortalLicense = z.object({
  id: z.uuid(),
  product: z.string(),
  plan: z.string(),
  standing: z.enum(licenseStandings),
  trial: z.boolean(),
  test: z.boolean(),
  startsAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable().describe('null: never'),
  overAt: z.iso.datetime().nullable().describe('When its grace ends too'),
  seats: used,
  machines: used,
  entitlements: z.record(z.string(), Entitlement),
});
export type PortalLicense = z.infer<typeof PortalLicense>;

export const PortalLicenses = z.object({
  items: z.array(PortalLicense).describe('What is in force, the newest first; at most 100'),
});
export type PortalLicenses = z.infer<typeof PortalLicenses>;
