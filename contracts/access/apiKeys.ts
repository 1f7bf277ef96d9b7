import { z } from 'zod';
import { permissions } from '../permissions.ts';
import { ScopeOf } from './roles.ts';

export const longestKeyDays = 366;
export const mostKeysEach = 100;
const longestOverlapHours = 7 * 24;

const isOnce = (list: readonly string[]): boolean => new Set(list).size === list.length;

export const NewApiKey = z.strictObject({
  name: z.string().trim().min(1, 'must not be empty').max(100).describe('What holds it: a pipeline, a script'),
  permissions: z
    .array(z.enum(permissions))
    .min(1, 'choose at least one')
    .max(permissions.length)
    .refine(isOnce, 'names a permission twice')
    .describe('What it may do, as far as its owner may at that moment'),
  scope: ScopeOf.default({ kind: 'platform' }).describe('Where it may do it'),
  perSecond: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .nullable()
    .default(null)
    .describe('How many requests a second it may make of one process; null: as many as any key'),
  days: z.number().int().min(1).max(longestKeyDays).default(90).describe('How long it is valid'),
});
export type NewApiKey = z.infer<typeof NewApiKey>;

export const KeyRotation = z.strictObject({
  overlapHours: z
    .number()
    .int()
    .min(0)
    .max(longestOverlapHours)
    .default(24)
    .describe('How long the old key stays valid beside the new one; 0 ends it at once'),
  days: z.number().int().min(1).max(longestKeyDays).optional().describe('As long as the old one was, unless told'),
});
export type KeyRotation = z.infer<typeof KeyRotation>;

/** `retiring`: replaced by another, and valid until its overlap ends. `dormant`: its owner is disabled, and it opens nothing. */
export const apiKeyStates = ['active', 'retiring', 'dormant', 'expired', 'revoked'] as const;

export const ApiKey = z.object({
  id: z.uuid(),
  name: z.string(),
  hint: z.string().describe('Its last four characters'),
  state: z.enum(apiKeyStates),
  owner: z.object({ id: z.uuid(), email: z.string() }),
  permissions: z.array(z.enum(permissions)),
  scope: ScopeOf,
  perSecond: z.number().nullable(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().nullable().describe('Exact to the minute'),
  rotatedFrom: z.uuid().nullable().describe('The key that it replaces'),
  replacedBy: z.uuid().nullable().describe('The key that replaces it'),
  retiresAt: z.iso.datetime().nullable().describe('When the overlap with the key that replaces it ends'),
  revokedAt: z.iso.datetime().nullable(),
});
export type ApiKey = z.infer<typeof ApiKey>;

/** What a key is told of itself. What its owner may not do any more, it may not either. */
export const OwnApiKey = z.object({
  id: z.uuid(),
  userId: z.uuid().describe('Its owner'),
  permissions: z.array(z.enum(permissions)),
  scope: ScopeOf,
  perSecond: z.number().nullable(),
  validUntil: z.iso.datetime(),
});
export type OwnApiKey = z.infer<typeof OwnApiKey>;

export const IssuedApiKey = ApiKey.extend({
  key: z.string().describe('`tnt_` and 28 letters and digits; shown this once'),
});
export type IssuedApiKey = z.infer<typeof IssuedApiKey>;

export const ApiKeys = z.object({ items: z.array(ApiKey) });
export type ApiKeys = z.infer<typeof ApiKeys>;
