import { SignUp, SignUpApproval } from '#contracts/onboarding/signUps.ts';
import { approveSignUp as approve } from '#domain/signUps/signUps.ts';
import { readSignUp } from '#domain/signUps/viewSignUps.ts';
import { countSignUp } from '#observability/onboardingMetrics.ts';
import { defineRoute } from '../../route.ts';
import { SignUpParams } from './signUpParams.ts';

export const approveSignUp = defineRoute({
  method: 'post',
  path: '/api/v1/sign-ups/{signUpId}/approve',
  summary: 'Make the tenant that somebody signed up, with them as its administrator',
  permission: 'sign-ups:decide',
  params: SignUpParams,
  body: SignUpApproval,
  success: { status: 200, body: SignUp },
  errors: ['not_found', 'sign_up_decided', 'slug_taken', 'plan_unknown', 'license_policy_missing'],
  async handle({ params: { signUpId }, body, actor }, { em, platform, workflows }) {
    const { runId } = await em.transactional((tx) => approve(tx, platform, signUpId, body, actor));
    countSignUp('accepted');
    await workflows.start(runId);
    return readSignUp(em, platform.installation.keyring, signUpId, true);
  },
});
