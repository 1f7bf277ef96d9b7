import { PasskeyRequestOptions } from '#contracts/identity/passkeys.ts';
import { askForPasskey } from '#domain/people/factors/passkeys.ts';
import { hashOfSession } from '#domain/people/sessions.ts';
import { defineRoute } from '../../route.ts';
import { expired, openedStep } from './openedStep.ts';

export const askForSecondFactor = defineRoute({
  method: 'post',
  path: '/api/v1/session/second-factor/options',
  summary: 'What the browser needs to answer with a passkey as second factor',
  permission: 'public',
  success: { status: 200, body: PasskeyRequestOptions },
  errors: ['sign_in_expired'],
  async handle(_input, context) {
    const { token, step } = await openedStep(context);
    if (!step.user) throw expired();
    const bound = { purpose: 'second_factor', boundTo: hashOfSession(token) } as const;
    return askForPasskey(context.em, context.relyingParty, step.user.userId, bound);
  },
});
