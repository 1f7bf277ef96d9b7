import { DomainError } from '#contracts/errors.ts';
import { PasskeySignIn } from '#contracts/identity/signIn.ts';
import { Session } from '#contracts/session.ts';
import { usePasskey } from '#domain/people/factors/passkeys.ts';
import { hashOfSession } from '#domain/people/sessions.ts';
import { closeSignInStep } from '#domain/people/signInSteps.ts';
import { tellOfRefusal } from '#domain/people/userEvents.ts';
import { countSignIn } from '#observability/metrics.ts';
import { defineRoute } from '../../route.ts';
import { expired, openedStep } from './openedStep.ts';

/** Something one has and, as the authenticator asks for it, something one knows or is: both factors at once. */
export const signInByPasskey = defineRoute({
  method: 'post',
  path: '/api/v1/session/passkey',
  summary: 'Sign in by a passkey alone',
  permission: 'public',
  body: PasskeySignIn,
  success: { status: 201, body: Session },
  errors: ['sign_in_expired', 'passkey_refused', 'bad_credentials', 'too_many_attempts'],
  async handle({ body, actor }, context) {
    const { em, realm, browser, attempts, relyingParty, signIn, viewSession } = context;
    const { token } = await openedStep(context);
    const attempt = await attempts.begin([['address', browser.address]], actor);
    const bound = { purpose: 'sign_in', boundTo: hashOfSession(token) } as const;
    const { userId } = await usePasskey(em, realm, relyingParty, { passkey: body.passkey }, bound).catch(
      async (error) => {
        if (!(error instanceof DomainError)) throw error;
        countSignIn('refused', 'passkey');
        await tellOfRefusal(em, { code: error.code, userId: null }, actor);
        throw error;
      },
    );
    if (!(await closeSignInStep(em, token))) throw expired();
    await attempt.succeeded();
    return viewSession(await signIn(userId, 'passkey'));
  },
});
