import { removeTotpFactor } from '#domain/people/factors/secondFactors.ts';
import { defineRoute } from '../../route.ts';
import { sessionOf } from '../session/sessionOf.ts';

export const removeTotp = defineRoute({
  method: 'delete',
  path: '/api/v1/account/totp',
  summary: 'Remove the authenticator app',
  permission: 'signed-in',
  stepUp: true,
  success: { status: 204 },
  errors: ['not_found', 'last_factor'],
  async handle({ signedIn, actor }, { em, realm, sessions }) {
    await removeTotpFactor(em, realm, sessionOf(signedIn), actor);
    await sessions.changed();
  },
});
