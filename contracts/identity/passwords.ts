import { z } from 'zod';

/** NIST SP 800-63B: length over composition rules; counted in characters, 128 at most so that hashing stays bounded. */
export const NewPassword = z
  .string()
  .meta({ minLength: 8, maxLength: 128 }) // for the OpenAPI document; what counts is below
  .refine((password) => lengthOf(password) >= 8, 'must have at least 8 characters')
  .refine((password) => lengthOf(password) <= 128, 'must have at most 128 characters');

/** In characters as they are hashed: NFKC-normalised, so that the same password typed on another keyboard is the same. */
const lengthOf = (password: string): number => [...password.normalize('NFKC')].length;

/** One that was chosen before: whatever was allowed then is only compared. */
export const KnownPassword = z.string().max(1024);
