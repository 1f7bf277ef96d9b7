import { Onboarding } from '#contracts/onboarding/onboarding.ts';
import { askForCheck } from '#domain/onboarding/mailDomains.ts';
import { PortalParams } from '../../portals/atPortal.ts';
import { defineRoute } from '../../route.ts';
import { answerOnboarding } from './answerOnboarding.ts';

export const verifyPortalMailDomain = defineRoute({
  method: 'post',
  path: '/api/v1/portals/{slug}/onboarding/mail-domain/verify',
  summary: 'Have the record of the mail domain looked for now',
  permission: 'portal',
  portal: 'onboarding:complete',
  params: PortalParams,
  success: { status: 200, body: Onboarding },
  errors: ['not_found', 'onboarding_over', 'mail_domain_missing', 'mail_domain_verified'],
  handle: (_input, context) => answerOnboarding(context, askForCheck),
});
