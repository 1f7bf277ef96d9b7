import { SupportAccess } from '#contracts/support/supportAccess.ts';
import { announceAccess } from '#domain/access/epoch.ts';
import { leaveSupport as leave } from '#domain/support/enterSupport.ts';
import { readAccess } from '#domain/support/viewAccesses.ts';
import { defineRoute, SupportAccessParams } from '../../route.ts';
import { lookerOf } from './lookerOf.ts';

/** Open to everybody who is signed in: whoever lost the role meanwhile must still be able to leave. */
export const leaveSupport = defineRoute({
  method: 'post',
  path: '/api/v1/support-accesses/{supportAccessId}/leave',
  summary: 'Act for oneself again',
  permission: 'signed-in',
  params: SupportAccessParams,
  success: { status: 200, body: SupportAccess },
  errors: ['not_found'],
  async handle({ params: { supportAccessId: accessId }, signedIn, may, actor }, { em, platform, access }) {
    const looker = lookerOf(signedIn, may);
    const epoch = await em.transactional((tx) => leave(tx, { accessId, ...looker }, actor));
    if (epoch !== null) {
      access.refresh(epoch);
      announceAccess(platform.announcer, epoch);
    }
    return readAccess(em, platform.tenantKeys, accessId, { ...looker, entered: null });
  },
});
