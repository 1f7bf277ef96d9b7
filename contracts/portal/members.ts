import { z } from 'zod';
import { PersonName } from '../identity/account.ts';
import { Person, personStates } from '../identity/people.ts';
import { portalRoles } from './permissions.ts';

export const PortalRole = z.enum(portalRoles);

/** Somebody of the tenant, as its administrators see them. */
export const Member = z.object({
  ...Person.pick({
    id: true,
    email: true,
    name: true,
    state: true,
    createdAt: true,
    lastSignInAt: true,
    totp: true,
    passkeys: true,
  }).shape,
  role: PortalRole,
  /** While somebody is invited; it may have expired. */
  invitation: z.object({ expiresAt: z.iso.datetime(), hasExpired: z.boolean() }).nullable(),
});
export type Member = z.infer<typeof Member>;

export const MembersQuery = z.strictObject({
  /** Part of a name or an e-mail address. */
  search: z.string().trim().max(100).optional(),
  role: PortalRole.optional(),
  state: z.enum(personStates).optional(),
  cursor: z.string().max(300).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type MembersQuery = z.infer<typeof MembersQuery>;

export const Members = z.object({ items: z.array(Member), nextCursor: z.string().nullable() });
export type Members = z.infer<typeof Members>;

export const NewMember = z.strictObject({
  email: z.email().max(254),
  name: PersonName.optional(),
  role: PortalRole.default('member'),
});
export type NewMember = z.infer<typeof NewMember>;

/** The address can be corrected while nobody has accepted: the earlier link ends, and a new one goes to the new address. */
export const MemberChange = z
  .strictObject({
    name: PersonName.nullable().optional(),
    email: z.email().max(254).optional(),
    role: PortalRole.optional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'must change something');
export type MemberChange = z.infer<typeof MemberChange>;

/** As for people of the platform: the link is told where no mail server brings it, and never to who only acts for the tenant. */
export const MemberInvited = z.object({
  member: Member,
  expiresAt: z.iso.datetime(),
  link: z.string().nullable(),
});
export type MemberInvited = z.infer<typeof MemberInvited>;

/** A change of somebody; the invitation that went out with it, if one did. */
export const MemberChanged = z.object({
  member: Member,
  invitation: z.object({ expiresAt: z.iso.datetime(), link: z.string().nullable() }).nullable(),
});
export type MemberChanged = z.infer<typeof MemberChanged>;
