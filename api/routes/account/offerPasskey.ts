import { PasskeyCreationOptions } from '#contracts/identity/passkeys.ts';
import { offerPasskey as offer } from '#domain/people/factors/passkeys.ts';
import { defineRoute } from '../../route.ts';
import { sessionOf } from '../session/sessionOf.ts';

export const offerPasskey = defineRoute({
  method: 'post',
  path: '/api/v1/account/passkeys/options',
  summary: 'What the browser needs to make a passkey',
  permission: 'signed-in',
  beforeSetUp: true,
  stepUp: true,
  success: { status: 200, body: PasskeyCreationOptions },
  errors: ['passkey_refused'],
  async handle({ signedIn }, { em, relyingParty }) {
    const owner = sessionOf(signedIn);
    return offer(em, relyingParty, owner, Buffer.from(owner.sessionId));
  },
});
