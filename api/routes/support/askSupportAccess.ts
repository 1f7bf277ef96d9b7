import { NewSupportAccess, SupportAccess } from '#contracts/support/supportAccess.ts';
import { askForConsent } from '#domain/support/askSupport.ts';
import { readAccess } from '#domain/support/viewAccesses.ts';
import { countSupportAccess } from '#observability/metrics.ts';
import { defineRoute } from '../../route.ts';
import { lookerOf } from './lookerOf.ts';

export const askSupportAccess = defineRoute({
  method: 'post',
  path: '/api/v1/support-accesses',
  summary: "Ask a tenant's administrator to be let in, for a limited time",
  permission: 'support:access',
  scope: 'tenant',
  people: true,
  body: NewSupportAccess,
  success: { status: 201, body: SupportAccess },
  errors: ['not_found', 'tenant_not_active', 'support_too_long', 'support_nobody_to_ask', 'support_open'],
  async handle({ body, signedIn, may, actor }, { em, platform }) {
    const looker = lookerOf(signedIn, may);
    const id = await em.transactional((tx) => askForConsent(tx, platform, body, looker.personId, actor));
    countSupportAccess('consent', 'asked');
    return readAccess(em, platform.tenantKeys, id, looker);
  },
});
