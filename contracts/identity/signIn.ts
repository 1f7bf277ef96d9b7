import { z } from 'zod';
import { KnownPassword } from './passwords.ts';
import { PasskeyAssertion } from './passkeys.ts';

export const Credentials = z.strictObject({ email: z.string().max(254), password: KnownPassword });

export const secondFactors = ['totp', 'passkey', 'recovery_code'] as const;
export type SecondFactor = (typeof secondFactors)[number];

/** The password was right; the cookie that came with this is good for one of these factors, for five minutes. */
export const SecondFactorWanted = z.object({
  next: z.literal('second_factor'),
  factors: z.array(z.enum(secondFactors)),
  expiresAt: z.iso.datetime(),
});
export type SecondFactorWanted = z.infer<typeof SecondFactorWanted>;

/** RFC 6238: six digits; spaces as authenticator apps show them are taken. */
export const TotpCode = z
  .string()
  .max(20)
  .transform((code) => code.replace(/[\s-]/g, ''))
  .pipe(z.string().regex(/^\d{6}$/, 'must be six digits'));

/** In any case, with or without its dashes. */
export const RecoveryCode = z.string().min(8).max(40);

export const SecondFactorAnswer = z
  .strictObject({
    code: TotpCode.optional(),
    recoveryCode: RecoveryCode.optional(),
    passkey: PasskeyAssertion.optional(),
  })
  .refine(
    (given) => Object.values(given).filter((one) => one !== undefined).length === 1,
    'must be exactly one of them',
  );
export type SecondFactorAnswer = z.infer<typeof SecondFactorAnswer>;

export const PasskeySignIn = z.strictObject({ passkey: PasskeyAssertion });

/** It is still the same person: the password, with a code where one is set up, or a passkey alone. */
export const Confirmation = z
  .strictObject({
    password: KnownPassword.optional(),
    code: TotpCode.optional(),
    recoveryCode: RecoveryCode.optional(),
    passkey: PasskeyAssertion.optional(),
  })
  .refine(
    ({ password, passkey }) => (password === undefined) !== (passkey === undefined),
    'must have either a password or a passkey',
  );
export type Confirmation = z.infer<typeof Confirmation>;

/** One browser that is signed in as oneself. */
export const OwnSession = z.object({
  id: z.uuid(),
  /** As the browser called itself, in words: `Firefox on Linux`. */
  device: z.string(),
  /** The network address of the sign-in; null for sessions begun before it was kept. */
  address: z.string().nullable(),
  createdAt: z.iso.datetime(),
  lastSeenAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  isCurrent: z.boolean(),
});
export type OwnSession = z.infer<typeof OwnSession>;
export const OwnSessions = z.object({ items: z.array(OwnSession) });
