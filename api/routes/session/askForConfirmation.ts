import { PasskeyRequestOptions } from '#contracts/identity/passkeys.ts';
import { askForPasskey } from '#domain/people/factors/passkeys.ts';
import { defineRoute } from '../../route.ts';
import { sessionOf } from './sessionOf.ts';

export const askForConfirmation = defineRoute({
  method: 'post',
  path: '/api/v1/session/confirm/options',
  summary: 'What the browser needs to prove by a passkey who one is',
  permission: 'signed-in',
  beforeSetUp: true,
  success: { status: 200, body: PasskeyRequestOptions },
  errors: [],
  async handle({ signedIn }, { em, relyingParty }) {
    const { userId, sessionId } = sessionOf(signedIn);
    return askForPasskey(em, relyingParty, userId, { purpose: 'confirm', boundTo: Buffer.from(sessionId) });
  },
});
