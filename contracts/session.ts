import { z } from 'zod';
import { permissions } from './permissions.ts';

export const Credentials = z.strictObject({ email: z.string().max(254), password: z.string().max(1024) });

/** NIST SP 800-63B: length over composition rules; counted in characters, 128 at most so that hashing stays bounded. */
export const NewPassword = z
  .string()
  .meta({ minLength: 8, maxLength: 128 }) // for the OpenAPI document; what counts is below
  .refine((password) => [...password].length >= 8, 'must have at least 8 characters')
  .refine((password) => [...password].length <= 128, 'must have at most 128 characters');

/** What the one-time link of the first start is exchanged with. */
export const OwnerClaim = z.strictObject({
  token: z.string().min(20).max(100),
  email: z.email().max(254),
  password: NewPassword,
});

export const Session = z.object({
  user: z.object({ id: z.uuid(), email: z.string(), role: z.string() }),
  permissions: z.array(z.enum(permissions)),
  expiresAt: z.iso.datetime(),
});
export type Session = z.infer<typeof Session>;
