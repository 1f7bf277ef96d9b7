import { SignUpOffer } from '#contracts/onboarding/signUps.ts';
import { readOffer } from '#domain/signUps/settings.ts';
import { defineRoute } from '../../route.ts';

export const readSignUpOffer = defineRoute({
  method: 'get',
  path: '/api/v1/sign-ups/offer',
  summary: 'Whether anybody can sign up an organisation by themselves, and for what',
  permission: 'public',
  success: { status: 200, body: SignUpOffer },
  errors: [],
  handle: (_input, { em }) => readOffer(em),
});
