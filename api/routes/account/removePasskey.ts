import { removePasskeyFactor } from '#domain/people/factors/secondFactors.ts';
import { defineRoute, PasskeyParams } from '../../route.ts';
import { sessionOf } from '../session/sessionOf.ts';

export const removePasskey = defineRoute({
  method: 'delete',
  path: '/api/v1/account/passkeys/{passkeyId}',
  summary: 'Remove a passkey',
  permission: 'signed-in',
  stepUp: true,
  params: PasskeyParams,
  success: { status: 204 },
  errors: ['not_found', 'last_factor'],
  async handle({ params, signedIn, actor }, { em, realm, sessions }) {
    const wanted = { owner: sessionOf(signedIn), passkeyId: params.passkeyId };
    await removePasskeyFactor(em, realm, wanted, actor);
    await sessions.changed();
  },
});
