import { z } from 'zod';
import { PersonName } from './account.ts';
import { NewPassword } from './passwords.ts';

/** What a one-time link is for; `recovery` also takes away the second factors that were lost. */
export const linkPurposes = ['invitation', 'password_reset', 'recovery', 'mail_change'] as const;
export type LinkPurpose = (typeof linkPurposes)[number];

/** Comes in the link's fragment, which browsers send nowhere. */
export const LinkToken = z.string().min(20).max(100);

export const LinkCheck = z.strictObject({ token: LinkToken });

/** Whom a link that is still good is for. */
export const LinkView = z.object({
  purpose: z.enum(linkPurposes),
  email: z.string(),
  name: z.string().nullable(),
  expiresAt: z.iso.datetime(),
});
export type LinkView = z.infer<typeof LinkView>;

export const InvitationAcceptance = z.strictObject({
  token: LinkToken,
  password: NewPassword,
  name: PersonName.optional(),
});
export const PasswordReset = z.strictObject({ token: LinkToken, password: NewPassword });
export const PasswordResetRequest = z.strictObject({ email: z.string().max(254) });
