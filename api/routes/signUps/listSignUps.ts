import { SignUpPage, SignUpQuery } from '#contracts/onboarding/signUps.ts';
import { listSignUps as list } from '#domain/signUps/viewSignUps.ts';
import { defineRoute } from '../../route.ts';

export const listSignUps = defineRoute({
  method: 'get',
  path: '/api/v1/sign-ups',
  summary: 'Who signed up by themselves, newest first',
  permission: 'sign-ups:read',
  query: SignUpQuery,
  success: { status: 200, body: SignUpPage },
  errors: [],
  handle: ({ query, may }, { em, platform }) =>
    list(em, platform.installation.keyring, query, may('sign-ups:decide', {})),
});
