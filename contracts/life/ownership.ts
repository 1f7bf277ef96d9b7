import { z } from 'zod';
import { PersonName } from '../identity/account.ts';

/** Somebody who is a member already, or somebody new by their address. */
const NewOwner = z.union([
  z.strictObject({ memberId: z.uuid().toLowerCase() }),
  z.strictObject({ email: z.email().max(254), name: PersonName.optional() }),
]);

const terms = {
  to: NewOwner,
  oldStaysAdmin: z
    .boolean()
    .default(false)
    .describe('Whether who owned it before stays an administrator of the tenant; otherwise they become a member'),
  needsConfirmation: z
    .boolean()
    .default(false)
    .describe('Whether who owns it now must confirm it too, by a link of their own'),
  expiresInHours: z.number().int().min(1).max(720).default(168).describe('How long the answers are waited for'),
};

export const NewOwnershipChange = z.strictObject({
  confirm: z.string().max(80).describe("The tenant's address, typed out"),
  ...terms,
});
export type NewOwnershipChange = z.output<typeof NewOwnershipChange>;

export const ownershipStates = ['asked', 'agreed', 'done', 'declined', 'expired', 'withdrawn'] as const;
export const OwnershipState = z.enum(ownershipStates);

const Named = z.object({ email: z.string(), name: z.string().nullable() });

export const OwnershipChange = z.object({
  id: z.uuid(),
  runId: z.uuid(),
  state: OwnershipState,
  to: Named.nullable().describe('Null once the key of the tenant is gone'),
  from: Named.nullable(),
  oldStaysAdmin: z.boolean(),
  needsConfirmation: z.boolean(),
  askedAt: z.iso.datetime(),
  askedBy: z
    .string()
    .nullable()
    .describe('The address of the person of the platform who asked; null for the tenant itself'),
  expiresAt: z.iso.datetime().nullable(),
  consentedAt: z.iso.datetime().nullable(),
  confirmedAt: z.iso.datetime().nullable(),
  endedAt: z.iso.datetime().nullable(),
  reverseOf: z.uuid().nullable(),
  may: z.object({ cancel: z.boolean(), reverse: z.boolean() }),
});
export type OwnershipChange = z.infer<typeof OwnershipChange>;

export const OwnershipChanges = z.object({ items: z.array(OwnershipChange).describe('The newest first, at most 50') });
export type OwnershipChanges = z.infer<typeof OwnershipChanges>;

const token = z.string().min(1).max(100);
export const OwnershipLink = z.strictObject({ token });
export const OwnershipAnswer = z.strictObject({ token, answer: z.enum(['agree', 'decline']) });
export type OwnershipAnswer = z.infer<typeof OwnershipAnswer>;

/** What the link is about, for whoever holds it. */
export const OwnershipQuestion = z.object({
  as: z.enum(['new_owner', 'old_owner']),
  tenantName: z.string(),
  slug: z.string().nullable(),
  state: OwnershipState,
  to: Named,
  from: Named.nullable(),
  oldStaysAdmin: z.boolean(),
  expiresAt: z.iso.datetime().nullable(),
  may: z.object({ answer: z.boolean() }),
});
export type OwnershipQuestion = z.infer<typeof OwnershipQuestion>;
