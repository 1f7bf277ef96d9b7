import { SignUpProof, SignUpProven } from '#contracts/onboarding/signUps.ts';
import { proveSignUp as prove } from '#domain/signUps/signUps.ts';
import { countSignUp } from '#observability/onboardingMetrics.ts';
import { defineRoute } from '../../route.ts';
import { guessingLinks } from '../links/guessingLinks.ts';

export const proveSignUp = defineRoute({
  method: 'post',
  path: '/api/v1/sign-ups/proof',
  summary: 'Prove the mail address by its link: the tenant is made, or waits to be approved',
  permission: 'public',
  body: SignUpProof,
  success: { status: 200, body: SignUpProven },
  errors: [
    'link_invalid',
    'sign_up_closed',
    'plan_unknown',
    'license_policy_missing',
    'slug_taken',
    'too_many_attempts',
  ],
  async handle({ body, actor }, context) {
    const { runId, ...proven } = await guessingLinks(context, actor, () =>
      context.em.transactional((em) => prove(em, context.platform, body, actor)),
    );
    countSignUp('proven');
    if (runId) countSignUp('accepted');
    if (runId) await context.workflows.start(runId);
    return proven;
  },
});
