import { SupportAccess } from '#contracts/support/supportAccess.ts';
import { DomainError } from '#contracts/errors.ts';
import { enterSupport as enter } from '#domain/support/enterSupport.ts';
import { readAccess } from '#domain/support/viewAccesses.ts';
import { countSupportAccess } from '#observability/metrics.ts';
import { defineRoute, SupportAccessParams } from '../../route.ts';
import { lookerOf } from './lookerOf.ts';

/** From then on this session may nothing but what the tenant's administrator would do, and whatever it does names both. */
export const enterSupport = defineRoute({
  method: 'post',
  path: '/api/v1/support-accesses/{supportAccessId}/enter',
  summary: 'Act for the tenant in this session',
  permission: 'support:access',
  scope: 'supportAccess',
  people: true,
  params: SupportAccessParams,
  success: { status: 200, body: SupportAccess },
  errors: ['not_found', 'support_over', 'support_open', 'tenant_not_active'],
  async handle({ params: { supportAccessId: accessId }, signedIn, may, actor }, { em, platform, changeAccess }) {
    const looker = lookerOf(signedIn, may);
    if (looker.entered !== null && looker.entered !== accessId)
      throw new DomainError('support_open', 'You act for another tenant in this session. Leave it first.');
    await changeAccess(async (tx) => ({ epoch: await enter(tx, { accessId, ...looker }, actor) }));
    const access = await readAccess(em, platform.tenantKeys, accessId, { ...looker, entered: accessId });
    countSupportAccess(access.kind, 'entered');
    return access;
  },
});
