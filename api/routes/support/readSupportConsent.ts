import { Consent, ConsentCheck } from '#contracts/support/supportAccess.ts';
import { viewConsent } from '#domain/support/answerConsent.ts';
import { defineRoute } from '../../route.ts';

/** Asked by POST, so that the token stands in no address. */
export const readSupportConsent = defineRoute({
  method: 'post',
  path: '/api/v1/support-consents/check',
  summary: "What the link of a mail asks the tenant's administrator",
  permission: 'public',
  rate: { perSecond: 5, burst: 60 },
  body: ConsentCheck,
  success: { status: 200, body: Consent },
  errors: ['support_link_invalid', 'too_many_requests'],
  handle: ({ body }, { em, platform }) => viewConsent(em, platform, body.token),
});
