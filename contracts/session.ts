import { z } from 'zod';
import { LinkToken } from './identity/links.ts';
import { NewPassword } from './identity/passwords.ts';
import { ScopeOf } from './access/roles.ts';
import { Acting } from './support/supportAccess.ts';
import { permissions } from './permissions.ts';

/** What the one-time link of the first start is exchanged with. */
export const OwnerClaim = z.strictObject({
  token: LinkToken,
  email: z.email().max(254),
  password: NewPassword,
});

export const Session = z.object({
  user: z.object({
    id: z.uuid(),
    email: z.string(),
    name: z.string().nullable(),
    role: z.string().describe('The one of the roles that permits the most; `none` without any'),
  }),
  roles: z.array(z.object({ role: z.string(), title: z.string(), scope: ScopeOf })),
  permissions: z.array(z.enum(permissions)).describe('Those that are held anywhere'),
  grants: z
    .array(z.object({ scope: ScopeOf, permissions: z.array(z.enum(permissions)) }))
    .describe('What is permitted where'),
  expiresAt: z.iso.datetime(),
  authenticatedAt: z.iso
    .datetime()
    .describe('When the person last proved who they are; dangerous acts ask again after ten minutes'),
  factors: z.object({ totp: z.boolean(), passkeys: z.int(), recoveryCodesLeft: z.int() }),
  mustSetUp: z
    .enum(['second_factor'])
    .nullable()
    .describe('A role asks for it: until then only the account can be used'),
  support: Acting.nullable().describe('For whom the session acts, and until when'),
});
export type Session = z.infer<typeof Session>;
