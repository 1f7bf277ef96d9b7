import { z } from 'zod';
import { LinkToken } from './identity/links.ts';
import { NewPassword } from './identity/passwords.ts';
import { permissions } from './permissions.ts';

/** What the one-time link of the first start is exchanged with. */
export const OwnerClaim = z.strictObject({
  token: LinkToken,
  email: z.email().max(254),
  password: NewPassword,
});

export const Session = z.object({
  user: z.object({ id: z.uuid(), email: z.string(), role: z.string() }),
  permissions: z.array(z.enum(permissions)),
  expiresAt: z.iso.datetime(),
});
export type Session = z.infer<typeof Session>;
