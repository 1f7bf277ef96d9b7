import { MailDomainChoice, Onboarding } from '#contracts/onboarding/onboarding.ts';
import { chooseMailDomain } from '#domain/onboarding/mailDomains.ts';
import { PortalParams } from '../../portals/atPortal.ts';
import { defineRoute } from '../../route.ts';
import { answerOnboarding } from './answerOnboarding.ts';

export const choosePortalMailDomain = defineRoute({
  method: 'post',
  path: '/api/v1/portals/{slug}/onboarding/mail-domain',
  summary: 'Name the domain of the mail addresses; what to publish in the DNS is answered',
  permission: 'portal',
  portal: 'onboarding:complete',
  params: PortalParams,
  body: MailDomainChoice,
  success: { status: 200, body: Onboarding },
  errors: ['not_found', 'onboarding_over', 'mail_domain_verified'],
  handle: ({ body, actor }, context) =>
    answerOnboarding(context, (em, tenantId) => chooseMailDomain(em, tenantId, body.domain, actor)),
});
