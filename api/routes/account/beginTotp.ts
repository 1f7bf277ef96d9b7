import { TotpSetUp } from '#contracts/identity/account.ts';
import { beginTotpFactor } from '#domain/people/factors/secondFactors.ts';
import { defineRoute } from '../../route.ts';
import { sessionOf } from '../session/sessionOf.ts';

export const beginTotp = defineRoute({
  method: 'post',
  path: '/api/v1/account/totp',
  summary: 'Begin to set up an authenticator app; the secret is shown here only',
  permission: 'signed-in',
  beforeSetUp: true,
  stepUp: true,
  success: { status: 201, body: TotpSetUp },
  errors: ['factor_known'],
  handle: ({ signedIn }, { em, realm }) => beginTotpFactor(em, realm, sessionOf(signedIn)),
});
