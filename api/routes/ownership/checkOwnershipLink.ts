import { OwnershipLink, OwnershipQuestion } from '#contracts/life/ownership.ts';
import { viewQuestion } from '#domain/ownership/answerOwnership.ts';
import { defineRoute } from '../../route.ts';

export const checkOwnershipLink = defineRoute({
  method: 'post',
  path: '/api/v1/ownership-links/check',
  summary: 'What a link asks that went to a new or old owner',
  permission: 'public',
  rate: { perSecond: 1, burst: 20 },
  body: OwnershipLink,
  success: { status: 200, body: OwnershipQuestion },
  errors: ['link_invalid'],
  handle: ({ body }, { em, platform }) => em.transactional((tx) => viewQuestion(tx, platform, body.token)),
});
