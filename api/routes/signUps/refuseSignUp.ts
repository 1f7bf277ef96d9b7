import { SignUp, SignUpRefusal } from '#contracts/onboarding/signUps.ts';
import { refuseSignUp as refuse } from '#domain/signUps/signUps.ts';
import { readSignUp } from '#domain/signUps/viewSignUps.ts';
import { countSignUp } from '#observability/onboardingMetrics.ts';
import { defineRoute } from '../../route.ts';
import { SignUpParams } from './signUpParams.ts';

export const refuseSignUp = defineRoute({
  method: 'post',
  path: '/api/v1/sign-ups/{signUpId}/refuse',
  summary: 'Refuse a sign-up, and tell them why',
  permission: 'sign-ups:decide',
  params: SignUpParams,
  body: SignUpRefusal,
  success: { status: 200, body: SignUp },
  errors: ['not_found', 'sign_up_decided'],
  async handle({ params: { signUpId }, body, actor }, { em, platform }) {
    await em.transactional((tx) => refuse(tx, platform, signUpId, body.reason, actor));
    countSignUp('refused');
    return readSignUp(em, platform.installation.keyring, signUpId, true);
  },
});
