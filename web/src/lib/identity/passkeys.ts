import type {
  PasskeyAssertion,
  PasskeyCreationOptions,
  PasskeyRegistration,
  PasskeyRequestOptions,
} from '#contracts/identity/passkeys.ts';
import { Refusal } from '#lib/api/refusal.ts';
import { send } from '#lib/api/requests.ts';

// The ceremony's code is fetched when it is needed: most visits to most pages need none.
const webauthn = () => import('@simplewebauthn/browser');

type CreationJSON = Parameters<Awaited<ReturnType<typeof webauthn>>['startRegistration']>[0]['optionsJSON'];
type RequestJSON = Parameters<Awaited<ReturnType<typeof webauthn>>['startAuthentication']>[0]['optionsJSON'];

export const browserKnowsPasskeys = (): boolean => typeof PublicKeyCredential === 'function';

const because: Record<string, string> = {
  NotAllowedError: 'No passkey was used: it was cancelled, took too long, or there is none here.',
  InvalidStateError: 'There is a passkey of yours on this device already.',
  SecurityError: 'This address cannot use passkeys: open it by the address it was set up for.',
  NotSupportedError: 'This device cannot make a passkey that can be used here.',
};

/** What the browser says no with, as people read it. */
function refusalOfCeremony(failure: unknown): Refusal {
  if (failure instanceof Refusal) return failure;
  const { name, cause } = failure as Error & { cause?: Error };
  const text = because[name] ?? because[cause?.name ?? ''] ?? 'The passkey could not be used.';
  return new Refusal(422, { code: 'passkey_refused', detail: text });
}

/** Makes a passkey on this device or a key in hand, and answers what proves it. Throws a `Refusal`. */
export async function makePasskey(optionsFrom: string): Promise<PasskeyRegistration> {
  const options = await send<PasskeyCreationOptions>('POST', optionsFrom);
  try {
    const { startRegistration } = await webauthn();
    return (await startRegistration({ optionsJSON: options as CreationJSON })) as unknown as PasskeyRegistration;
  } catch (failure) {
    throw refusalOfCeremony(failure);
  }
}

/** Asks the person for a passkey. Throws a `Refusal`. */
export async function usePasskey(optionsFrom: string): Promise<PasskeyAssertion> {
  const options = await send<PasskeyRequestOptions>('POST', optionsFrom);
  try {
    const { startAuthentication } = await webauthn();
    return (await startAuthentication({ optionsJSON: options as RequestJSON })) as unknown as PasskeyAssertion;
  } catch (failure) {
    throw refusalOfCeremony(failure);
  }
}

/**
 * Offers passkeys in the browser's own list under a field with `autocomplete="… webauthn"`, and answers the one that was chosen;
 * null where the browser cannot, or when another ceremony or page takes its place.
 */
export async function offerPasskeys(optionsFrom: string): Promise<PasskeyAssertion | null> {
  if (!browserKnowsPasskeys()) return null;
  try {
    const { browserSupportsWebAuthnAutofill, startAuthentication } = await webauthn();
    if (!(await browserSupportsWebAuthnAutofill())) return null;
    const optionsJSON = (await send<PasskeyRequestOptions>('POST', optionsFrom)) as RequestJSON;
    const chosen = await startAuthentication({ optionsJSON, useBrowserAutofill: true });
    return chosen as unknown as PasskeyAssertion;
  } catch {
    return null;
  }
}

export async function stopOfferingPasskeys(): Promise<void> {
  if (browserKnowsPasskeys()) (await webauthn()).WebAuthnAbortService.cancelCeremony();
}
