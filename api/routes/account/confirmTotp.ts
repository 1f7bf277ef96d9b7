import { FactorAdded, TotpConfirmation } from '#contracts/identity/account.ts';
import { addTotpFactor } from '#domain/people/factors/secondFactors.ts';
import { defineRoute } from '../../route.ts';
import { sessionOf } from '../session/sessionOf.ts';

export const confirmTotp = defineRoute({
  method: 'post',
  path: '/api/v1/account/totp/confirm',
  summary: 'Take the authenticator app into use by a first code of it',
  permission: 'signed-in',
  beforeSetUp: true,
  body: TotpConfirmation,
  success: { status: 201, body: FactorAdded },
  errors: ['code_wrong', 'factor_not_begun', 'too_many_attempts'],
  async handle({ body, signedIn, actor }, { em, realm, attempts, renewSession }) {
    const owner = sessionOf(signedIn);
    const attempt = await attempts.begin([['session', owner.sessionId]], actor);
    const recoveryCodes = await addTotpFactor(em, realm, { owner, code: body.code }, actor);
    await attempt.succeeded();
    await renewSession();
    return { recoveryCodes };
  },
});
