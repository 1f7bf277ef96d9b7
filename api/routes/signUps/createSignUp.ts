import { DomainError } from '#contracts/errors.ts';
import { NewSignUp, SignUpAsked } from '#contracts/onboarding/signUps.ts';
import { askSignUp, linkHours } from '#domain/signUps/signUps.ts';
import { isDisposable } from '#domain/signUps/disposable.ts';
import { countSignUp } from '#observability/onboardingMetrics.ts';
import { defineRoute } from '../../route.ts';

/** Answers and does the same for every address, whether or not somebody has it or was written to too often. */
export const createSignUp = defineRoute({
  method: 'post',
  path: '/api/v1/sign-ups',
  summary: 'Sign up an organisation: a link that proves the mail address is sent',
  permission: 'public',
  body: NewSignUp,
  success: { status: 202, body: SignUpAsked },
  errors: ['sign_up_closed', 'plan_unknown', 'slug_taken', 'mail_disposable', 'too_many_attempts'],
  async handle({ body, actor }, { em, platform, attempts, browser }) {
    await attempts.begin([['mailsAsked', browser.address]], actor);
    if (isDisposable(body.email))
      throw new DomainError('mail_disposable', 'Addresses that are thrown away cannot be signed up with.', {
        fields: [{ path: 'email', message: 'is thrown away soon' }],
      });
    const mayMail = await attempts.isLeft(['mailsSent', `sign-up ${body.email.toLowerCase()}`]);
    await em.transactional((tx) => askSignUp(tx, platform, body, mayMail, actor));
    countSignUp('asked');
    return { expiresInHours: linkHours };
  },
});
