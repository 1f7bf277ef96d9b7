import { BillingContact, Onboarding } from '#contracts/onboarding/onboarding.ts';
import { setBillingContact } from '#domain/onboarding/tenantsPart.ts';
import { PortalParams } from '../../portals/atPortal.ts';
import { defineRoute } from '../../route.ts';
import { answerOnboarding } from './answerOnboarding.ts';

export const setPortalBillingContact = defineRoute({
  method: 'post',
  path: '/api/v1/portals/{slug}/onboarding/billing-contact',
  summary: 'Name whom invoices go to',
  permission: 'portal',
  portal: 'onboarding:complete',
  params: PortalParams,
  body: BillingContact,
  success: { status: 200, body: Onboarding },
  errors: ['not_found'],
  handle: ({ body, actor }, context) =>
    answerOnboarding(context, (em, tenantId) =>
      setBillingContact(em, context.platform.tenantKeys, tenantId, body, actor),
    ),
});
