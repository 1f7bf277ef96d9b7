import { LinkCheck, LinkView } from '#contracts/identity/links.ts';
import { findLink, viewLink } from '#domain/people/links.ts';
import { defineRoute } from '../../route.ts';
import { guessingLinks } from './guessingLinks.ts';

export const checkLink = defineRoute({
  method: 'post',
  path: '/api/v1/links/check',
  summary: 'Whom a one-time link is for, while it is good',
  permission: 'public',
  body: LinkCheck,
  success: { status: 200, body: LinkView },
  errors: ['link_invalid', 'too_many_attempts'],
  handle: ({ body, actor }, context) =>
    guessingLinks(context, actor, async () => viewLink(await findLink(context.em, context.realm, body.token))),
});
