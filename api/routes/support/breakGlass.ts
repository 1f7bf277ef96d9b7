import { BreakGlass, SupportAccess } from '#contracts/support/supportAccess.ts';
import { breakGlass as enterUnasked } from '#domain/support/askSupport.ts';
import { readAccess } from '#domain/support/viewAccesses.ts';
import { countSupportAccess } from '#observability/metrics.ts';
import { defineRoute } from '../../route.ts';
import { lookerOf } from './lookerOf.ts';

export const breakGlass = defineRoute({
  method: 'post',
  path: '/api/v1/support-accesses/break-glass',
  summary: 'Be let into a tenant without being able to wait for its consent: recorded, short, and told to the tenant',
  permission: 'support:access',
  scope: 'tenant',
  people: true,
  stepUp: true,
  approval: 'break_glass',
  body: BreakGlass,
  success: { status: 201, body: SupportAccess },
  errors: ['not_found', 'tenant_not_active', 'support_too_long', 'support_open'],
  async handle({ body, signedIn, may, actor }, { em, platform }) {
    const looker = lookerOf(signedIn, may);
    const id = await em.transactional((tx) => enterUnasked(tx, platform, body, looker.personId, actor));
    countSupportAccess('break_glass', 'broken');
    return readAccess(em, platform.tenantKeys, id, looker);
  },
});
