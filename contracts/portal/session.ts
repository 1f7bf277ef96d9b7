import { z } from 'zod';
import { Session } from '../session.ts';
import { ActingAs, SupportKind } from '../support/supportAccess.ts';
import { PortalRole } from './members.ts';
import { portalPermissions } from './permissions.ts';

const PortalPermission = z.enum(portalPermissions);

/** Somebody of the tenant, signed in at its portal. */
export const MemberSession = z.object({
  kind: z.literal('member'),
  user: z.object({ id: z.uuid(), email: z.string(), name: z.string().nullable(), role: PortalRole }),
  permissions: z.array(PortalPermission),
  ...Session.pick({ expiresAt: true, authenticatedAt: true, factors: true, mustSetUp: true }).shape,
});
export type MemberSession = z.infer<typeof MemberSession>;

/** Somebody of the platform, who acts as the tenant's administrator for a while. */
export const SupportSession = z.object({
  kind: z.literal('support'),
  supportAccessId: z.uuid(),
  actingAs: ActingAs,
  by: z.object({ email: z.string() }),
  access: SupportKind.describe('By consent, or by breaking the glass'),
  permissions: z.array(PortalPermission),
  expiresAt: z.iso.datetime(),
});
export type SupportSession = z.infer<typeof SupportSession>;

/** Who is at this portal; null when nobody is signed in there. */
export const PortalSession = z.object({
  session: z.discriminatedUnion('kind', [MemberSession, SupportSession]).nullable(),
});
export type PortalSession = z.infer<typeof PortalSession>;
