import { z } from 'zod';
import { DomainError } from '#contracts/errors.ts';
import { Credentials, SecondFactorWanted } from '#contracts/identity/signIn.ts';
import { Session } from '#contracts/session.ts';
import { countFactors, factorsToAnswerWith } from '#domain/people/factors/factorCounts.ts';
import { openSignInStep } from '#domain/people/signInSteps.ts';
import { tellOfRefusal } from '#domain/people/userEvents.ts';
import { countSignIn } from '#observability/metrics.ts';
import { defineRoute } from '../../route.ts';

export const createSession = defineRoute({
  method: 'post',
  path: '/api/v1/session',
  summary: 'Sign in by password; 202 when a second factor is asked for',
  permission: 'public',
  body: Credentials,
  success: {
    status: 201,
    body: z.union([Session, SecondFactorWanted]),
    also: { status: 202, when: (answer) => 'next' in answer },
  },
  errors: ['bad_credentials', 'too_many_attempts'],
  async handle({ body, actor }, context) {
    const { em, realm, browser, attempts, checkPassword, signIn, viewSession } = context;
    const attempt = await attempts.begin(browser.guessing('password', body.email), actor);
    const { userId, isRight, passwordHash } = await checkPassword(realm, body);
    if (!isRight || userId === null) {
      countSignIn('refused', 'password');
      await tellOfRefusal(em, { code: 'bad_credentials', userId }, actor);
      throw new DomainError('bad_credentials', 'The e-mail address or the password is not right.');
    }
    await attempt.succeeded();
    const factors = factorsToAnswerWith(await countFactors(em, userId));
    if (factors.length === 0) return viewSession(await signIn(userId, 'password', passwordHash));
    const step = await openSignInStep(em, { userId, passwordHash });
    browser.giveStep(step);
    countSignIn('unfinished', 'password');
    return { next: 'second_factor' as const, factors, expiresAt: step.expiresAt.toISOString() };
  },
});
