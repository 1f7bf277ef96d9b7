import { z } from 'zod';
import { PersonName } from '../identity/account.ts';

export const adminInvitationStates = ['nobody_named', 'not_invited', 'waiting', 'expired', 'accepted'] as const;

/** How far the named administrator of a tenant has come: all that the platform is told of the people there. */
export const AdminInvitation = z.object({
  state: z.enum(adminInvitationStates),
  /** The named administrator; null when nobody is named. */
  admin: z.object({ email: z.string(), name: z.string().nullable() }).nullable(),
  invitedAt: z.iso.datetime().nullable(),
  expiresAt: z.iso.datetime().nullable().describe('Of the link that went out last'),
  acceptedAt: z.iso.datetime().nullable(),
  may: z
    .object({ resend: z.boolean(), correct: z.boolean() })
    .describe(
      'Only until somebody of the tenant has become its administrator: from then on they invite, and nobody else',
    ),
});
export type AdminInvitation = z.infer<typeof AdminInvitation>;

export const AdminCorrection = z.strictObject({ email: z.email().max(254), name: PersonName.nullable().optional() });

export const AdminInvited = z.object({
  invitation: AdminInvitation,
  expiresAt: z.iso.datetime(),
  link: z.string().nullable(),
});
export type AdminInvited = z.infer<typeof AdminInvited>;
