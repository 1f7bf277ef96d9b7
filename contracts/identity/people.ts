import { z } from 'zod';
import { RoleToAssign } from '../access/roles.ts';
import { PersonName } from './account.ts';

export const personStates = ['invited', 'active', 'disabled'] as const;

/** Somebody who works with this control plane. */
export const Person = z.object({
  id: z.uuid(),
  email: z.string(),
  name: z.string().nullable(),
  state: z.enum(personStates),
  createdAt: z.iso.datetime(),
  lastSignInAt: z.iso.datetime().nullable(),
  /** While the person is invited; it may have expired. */
  invitation: z.object({ expiresAt: z.iso.datetime(), invitedBy: z.string().nullable() }).nullable(),
  totp: z.boolean(),
  passkeys: z.int(),
  recoveryCodesLeft: z.int(),
});
export type Person = z.infer<typeof Person>;

export const PeopleQuery = z.strictObject({
  /** Part of a name or an e-mail address. */
  search: z.string().trim().max(100).optional(),
  state: z.enum(personStates).optional(),
  cursor: z.string().max(300).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type PeopleQuery = z.infer<typeof PeopleQuery>;

export const People = z.object({ items: z.array(Person), nextCursor: z.string().nullable() });
export type People = z.infer<typeof People>;

export const NewPerson = z.strictObject({
  email: z.email().max(254),
  name: PersonName.optional(),
  /** What the person may do from the start; none beyond what the inviting person may give. */
  roles: z.array(RoleToAssign).max(50).default([]),
});
export type NewPerson = z.infer<typeof NewPerson>;

/**
 * A one-time link was made and goes to the person by mail. Where no mail server is configured it is here too, once, to be handed
 * over another way.
 */
export const LinkMade = z.object({ expiresAt: z.iso.datetime(), link: z.string().nullable() });
export type LinkMade = z.infer<typeof LinkMade>;

export const PersonInvited = z.object({ person: Person, ...LinkMade.shape });
export type PersonInvited = z.infer<typeof PersonInvited>;
