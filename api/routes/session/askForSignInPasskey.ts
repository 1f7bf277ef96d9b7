import { PasskeyRequestOptions } from '#contracts/identity/passkeys.ts';
import { askForPasskey } from '#domain/people/factors/passkeys.ts';
import { hashOfSession } from '#domain/people/sessions.ts';
import { openSignInStep } from '#domain/people/signInSteps.ts';
import { defineRoute } from '../../route.ts';

/** Names nobody: the browser offers the passkeys that it has for this host. */
export const askForSignInPasskey = defineRoute({
  method: 'post',
  path: '/api/v1/session/passkey/options',
  summary: 'What the browser needs to sign in by a passkey alone',
  permission: 'public',
  rate: { perSecond: 5, burst: 50 },
  success: { status: 200, body: PasskeyRequestOptions },
  errors: [],
  async handle(_input, { em, browser, relyingParty }) {
    const step = await openSignInStep(em, null);
    browser.giveStep(step);
    return askForPasskey(em, relyingParty, null, { purpose: 'sign_in', boundTo: hashOfSession(step.token) });
  },
});
