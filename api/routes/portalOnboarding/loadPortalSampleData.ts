import { Onboarding } from '#contracts/onboarding/onboarding.ts';
import { askForSampleData } from '#domain/onboarding/tenantsPart.ts';
import { PortalParams } from '../../portals/atPortal.ts';
import { defineRoute } from '../../route.ts';
import { answerOnboarding } from './answerOnboarding.ts';

export const loadPortalSampleData = defineRoute({
  method: 'post',
  path: '/api/v1/portals/{slug}/onboarding/sample-data',
  summary: 'Have sample data loaded',
  permission: 'portal',
  portal: 'onboarding:complete',
  params: PortalParams,
  success: { status: 200, body: Onboarding },
  errors: ['not_found', 'onboarding_over', 'item_settled'],
  handle: (_input, context) => answerOnboarding(context, askForSampleData),
});
