import { z } from 'zod';

/** What of a tenant can be rotated: the password of its database, and the key pair that its realm signs with. */
export const rotatableKinds = ['database', 'realm'] as const;
export const RotatableKind = z.enum(rotatableKinds);

const day = 86_400;
export const longestOverlapSeconds = 30 * day;
/** How long a new signing key is published before it signs: far longer than anybody keeps the key set. */
export const publishedBeforeSeconds = 600;

export const NewSecretRotation = z.strictObject({
  confirm: z.string().max(80).describe("The tenant's address, typed out"),
  kinds: z
    .array(RotatableKind)
    .min(1)
    .max(rotatableKinds.length)
    .refine((kinds) => new Set(kinds).size === kinds.length, 'must name each kind once')
    .default([...rotatableKinds]),
  overlapSeconds: z
    .number()
    .int()
    .min(0)
    .max(longestOverlapSeconds)
    .default(day)
    .describe(
      'How long the old secrets work beside the new ones. 0 ends the old ones at once, for when one has leaked: what still uses it stops',
    ),
});
export type NewSecretRotation = z.input<typeof NewSecretRotation>;

/**
 * `preparing`: the new secrets are being made and tried · `publishing`: the new key is published and does not sign yet ·
 * `overlap`: old and new work · `ending`: the old ones are being ended · then `done`, or `withdrawn` where it was taken back.
 */
export const rotationPhases = ['preparing', 'publishing', 'overlap', 'ending', 'done', 'withdrawn'] as const;

export const SecretRotation = z.object({
  id: z.uuid(),
  runId: z.uuid(),
  kinds: z.array(RotatableKind),
  phase: z.enum(rotationPhases),
  overlapSeconds: z.number().int(),
  askedAt: z.iso.datetime(),
  askedBy: z.string().nullable().describe('The address of the person who asked for it'),
  signAt: z.iso.datetime().nullable().describe('From when the realm signs with its new key'),
  endAt: z.iso.datetime().nullable().describe('When the old secrets end'),
  endedAt: z.iso.datetime().nullable(),
  may: z.object({ cancel: z.boolean() }),
});
export type SecretRotation = z.infer<typeof SecretRotation>;

/** A secret that works, without the secret. */
export const WorkingSecret = z.object({
  kind: RotatableKind,
  name: z.string().describe('The login role, or the id of the key'),
  state: z.enum(['prepared', 'current', 'ending']),
  since: z.iso.datetime(),
  endsAt: z.iso.datetime().nullable(),
});
export type WorkingSecret = z.infer<typeof WorkingSecret>;

export const SecretRotations = z.object({
  working: z.array(WorkingSecret),
  items: z.array(SecretRotation).describe('The newest first, at most 50'),
});
export type SecretRotations = z.infer<typeof SecretRotations>;
