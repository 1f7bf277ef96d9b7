import { DomainError } from '#contracts/errors.ts';
import { SecondFactorAnswer } from '#contracts/identity/signIn.ts';
import { Session } from '#contracts/session.ts';
import { answerSecondFactor as answer } from '#domain/people/factors/answerFactor.ts';
import { hashOfSession, type SignInFactor } from '#domain/people/sessions.ts';
import { closeSignInStep, noteWrongAnswer } from '#domain/people/signInSteps.ts';
import { tellOfRefusal } from '#domain/people/userEvents.ts';
import { countSignIn } from '#observability/metrics.ts';
import { defineRoute } from '../../route.ts';
import { expired, openedStep } from './openedStep.ts';

export const answerSecondFactor = defineRoute({
  method: 'post',
  path: '/api/v1/session/second-factor',
  summary: 'Finish a sign-in by a code, a recovery code or a passkey',
  permission: 'public',
  body: SecondFactorAnswer,
  success: { status: 201, body: Session },
  errors: ['sign_in_expired', 'code_wrong', 'passkey_refused', 'too_many_attempts'],
  async handle({ body, actor }, context) {
    const { em, realm, browser, attempts, relyingParty: party, signIn, viewSession } = context;
    const { token, step } = await openedStep(context);
    if (!step.user) throw expired();
    const { userId, email } = step.user;
    const attempt = await attempts.begin(browser.guessing('code', email), actor);
    const asked = { userId, email, actor };
    let factor: SignInFactor;
    try {
      factor = await answer(em, realm, asked, body, { party, boundTo: hashOfSession(token) });
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      countSignIn('refused', body.code ? 'totp' : body.passkey ? 'passkey' : 'recovery_code');
      await noteWrongAnswer(em, token);
      await tellOfRefusal(em, { code: error.code, userId }, actor);
      throw error;
    }
    if (!(await closeSignInStep(em, token))) throw expired();
    await attempt.succeeded();
    return viewSession(await signIn(userId, factor));
  },
});
