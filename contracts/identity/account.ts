import { z } from 'zod';
import { Passkey, PasskeyName, PasskeyRegistration } from './passkeys.ts';
import { KnownPassword, NewPassword } from './passwords.ts';
import { TotpCode } from './signIn.ts';

/** A person's name as others see it; e-mail address alone where it is null. */
export const PersonName = z.string().trim().min(1).max(100);

/** Oneself: what the profile page shows. */
export const Account = z.object({
  id: z.uuid(),
  email: z.string(),
  name: z.string().nullable(),
  createdAt: z.iso.datetime(),
  passwordChangedAt: z.iso.datetime(),
  /** An address that waits to be confirmed from its mailbox. */
  pendingEmail: z.object({ email: z.string(), expiresAt: z.iso.datetime() }).nullable(),
  totp: z.object({ createdAt: z.iso.datetime(), lastUsedAt: z.iso.datetime().nullable() }).nullable(),
  recoveryCodes: z.object({ left: z.int(), createdAt: z.iso.datetime() }).nullable(),
  passkeys: z.array(Passkey),
  /** A role of this person asks for a second factor: the last one cannot be removed. */
  secondFactorIsRequired: z.boolean(),
});
export type Account = z.infer<typeof Account>;

export const AccountChange = z.strictObject({ name: PersonName.nullable() });

export const PasswordChange = z.strictObject({ current: KnownPassword, password: NewPassword });

export const EmailChange = z.strictObject({ email: z.email().max(254) });
export const EmailChangeStarted = z.object({ email: z.string(), expiresAt: z.iso.datetime() });

/** Shown once: the secret in base 32 and as an `otpauth:` URI for the QR code. */
export const TotpSetUp = z.object({ secret: z.string(), uri: z.string(), expiresAt: z.iso.datetime() });
export const TotpConfirmation = z.strictObject({ code: TotpCode });

/** Ten, each good for one sign-in; shown once. */
export const RecoveryCodes = z.object({ codes: z.array(z.string()) });

/** With the first factor come recovery codes; null where there are some already. */
export const FactorAdded = z.object({ recoveryCodes: z.array(z.string()).nullable() });

export const NewPasskey = z.strictObject({ name: PasskeyName.optional(), passkey: PasskeyRegistration });
export const PasskeyAdded = z.object({ passkey: Passkey, recoveryCodes: z.array(z.string()).nullable() });
export const PasskeyChange = z.strictObject({ name: PasskeyName });
