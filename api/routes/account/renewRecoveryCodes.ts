import { RecoveryCodes } from '#contracts/identity/account.ts';
import { renewRecoveryCodes as renew } from '#domain/people/factors/secondFactors.ts';
import { defineRoute } from '../../route.ts';
import { sessionOf } from '../session/sessionOf.ts';

export const renewRecoveryCodes = defineRoute({
  method: 'post',
  path: '/api/v1/account/recovery-codes',
  summary: 'Ten new recovery codes, shown here only; the earlier ones end',
  permission: 'signed-in',
  stepUp: true,
  rate: { perSecond: 0.1, burst: 10 },
  success: { status: 201, body: RecoveryCodes },
  errors: ['too_many_attempts'],
  async handle({ signedIn, actor }, { em, realm, sessions }) {
    const codes = await renew(em, realm, sessionOf(signedIn), actor);
    await sessions.changed();
    return { codes };
  },
});
