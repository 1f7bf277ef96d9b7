import { PasskeyChange } from '#contracts/identity/account.ts';
import { Passkey } from '#contracts/identity/passkeys.ts';
import { renamePasskey } from '#domain/people/factors/passkeys.ts';
import { defineRoute, PasskeyParams } from '../../route.ts';
import { sessionOf } from '../session/sessionOf.ts';

export const updatePasskey = defineRoute({
  method: 'patch',
  path: '/api/v1/account/passkeys/{passkeyId}',
  summary: 'Call a passkey by another name',
  permission: 'signed-in',
  params: PasskeyParams,
  body: PasskeyChange,
  success: { status: 200, body: Passkey },
  errors: ['not_found'],
  handle: ({ params, body, signedIn }, { em }) =>
    renamePasskey(em, sessionOf(signedIn).userId, params.passkeyId, body.name),
});
