import { SignUpSettings } from '#contracts/onboarding/signUps.ts';
import { readSettings } from '#domain/signUps/settings.ts';
import { defineRoute } from '../../route.ts';

export const readSignUpSettings = defineRoute({
  method: 'get',
  path: '/api/v1/sign-up-settings',
  summary: 'Whether anybody can sign up by themselves, for which plans, and whether that is approved first',
  permission: 'sign-ups:read',
  success: { status: 200, body: SignUpSettings },
  errors: [],
  handle: (_input, { em }) => readSettings(em),
});
