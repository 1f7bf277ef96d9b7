import { SignUpSettings, SignUpSettingsChange } from '#contracts/onboarding/signUps.ts';
import { changeSettings } from '#domain/signUps/settings.ts';
import { defineRoute } from '../../route.ts';

export const updateSignUpSettings = defineRoute({
  method: 'patch',
  path: '/api/v1/sign-up-settings',
  summary: 'Open or close sign-up, choose the plans that are offered, and whether somebody approves first',
  permission: 'sign-ups:decide',
  stepUp: true,
  body: SignUpSettingsChange,
  success: { status: 200, body: SignUpSettings },
  errors: ['plan_unknown'],
  handle: ({ body, actor }, { em }) => em.transactional((tx) => changeSettings(tx, body, actor)),
});
