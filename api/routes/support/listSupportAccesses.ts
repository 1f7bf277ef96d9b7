import { SupportAccessPage, SupportAccessQuery } from '#contracts/support/supportAccess.ts';
import { listAccesses } from '#domain/support/viewAccesses.ts';
import { defineRoute } from '../../route.ts';
import { lookerOf } from './lookerOf.ts';

export const listSupportAccesses = defineRoute({
  method: 'get',
  path: '/api/v1/support-accesses',
  summary: 'Who of the platform asked to act for a tenant, was let in, or broke the glass',
  permission: 'support:read',
  scope: 'reach',
  people: true,
  query: SupportAccessQuery,
  success: { status: 200, body: SupportAccessPage },
  errors: [],
  async handle({ query, reach, signedIn, may }, { em, platform }) {
    const { consentMinutes, breakGlassMinutes } = platform.configuration.support;
    const page = await listAccesses(em, platform.tenantKeys, query, reach, lookerOf(signedIn, may));
    return { ...page, longest: { consent: consentMinutes, break_glass: breakGlassMinutes } };
  },
});
