import { SupportAccess } from '#contracts/support/supportAccess.ts';
import { endSupport as end } from '#domain/support/endSupport.ts';
import { readAccess } from '#domain/support/viewAccesses.ts';
import { countSupportAccess } from '#observability/metrics.ts';
import { defineRoute, SupportAccessParams } from '../../route.ts';
import { lookerOf } from './lookerOf.ts';

/** One's own, or another person's: whoever could be let in there may also see to it that nobody is. */
export const endSupport = defineRoute({
  method: 'post',
  path: '/api/v1/support-accesses/{supportAccessId}/end',
  summary: 'End a support access, or take back the question',
  permission: 'support:access',
  scope: 'supportAccess',
  people: true,
  params: SupportAccessParams,
  success: { status: 200, body: SupportAccess },
  errors: ['not_found', 'support_over'],
  async handle({ params: { supportAccessId: accessId }, signedIn, may, actor }, { em, platform, changeAccess }) {
    const looker = lookerOf(signedIn, may);
    await changeAccess(async (tx) => ({ epoch: await end(tx, accessId, looker.personId, actor) }));
    const access = await readAccess(em, platform.tenantKeys, accessId, looker);
    countSupportAccess(access.kind, 'ended');
    return access;
  },
});
