import { SignUpLink, SignUpLinkView } from '#contracts/onboarding/signUps.ts';
import { viewLink } from '#domain/signUps/signUps.ts';
import { defineRoute } from '../../route.ts';
import { guessingLinks } from '../links/guessingLinks.ts';

export const checkSignUpLink = defineRoute({
  method: 'post',
  path: '/api/v1/sign-ups/check',
  summary: 'What the link of a sign-up is for, while it is good',
  permission: 'public',
  body: SignUpLink,
  success: { status: 200, body: SignUpLinkView },
  errors: ['link_invalid', 'too_many_attempts'],
  handle: ({ body, actor }, context) =>
    guessingLinks(context, actor, () =>
      context.em.transactional((em) => viewLink(em, context.platform.installation, body.token)),
    ),
});
