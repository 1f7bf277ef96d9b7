import type { Person } from '#contracts/identity/people.ts';

/** What guards an account beside its password. */
export function factorsText({ totp, passkeys }: Pick<Person, 'totp' | 'passkeys'>): string {
  const parts = [
    ...(passkeys ? [passkeys === 1 ? 'a passkey' : `${passkeys} passkeys`] : []),
    ...(totp ? ['an authenticator app'] : []),
  ];
  const text = parts.join(' and ') || 'none';
  return text[0]!.toUpperCase() + text.slice(1);
}
