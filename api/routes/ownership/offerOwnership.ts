import { NewOwnershipChange } from '#contracts/life/ownership.ts';
import { RunStarted } from '#contracts/runs.ts';
import { findMember } from '#domain/members/viewMembers.ts';
import { offerAtPortal } from '#domain/ownership/askOwnership.ts';
import { PortalParams } from '../../portals/atPortal.ts';
import { countMemberMail } from '../../portals/memberMails.ts';
import { defineRoute } from '../../route.ts';

/** The tenant's own way: an administrator who does not own it can propose somebody, and the owner confirms. */
export const offerOwnership = defineRoute({
  method: 'post',
  path: '/api/v1/portals/{slug}/ownership',
  summary: 'Ask somebody to own this tenant in the place of its owner',
  permission: 'portal',
  portal: 'ownership:transfer',
  stepUp: true,
  rate: { perSecond: 0.5, burst: 30 },
  params: PortalParams,
  body: NewOwnershipChange,
  success: { status: 202, body: RunStarted },
  errors: [
    'not_found',
    'tenant_not_active',
    'confirmation_mismatch',
    'ownership_same',
    'ownership_nobody',
    'person_not_active',
    'run_in_progress',
    'too_many_attempts',
  ],
  async handle({ body, actor }, { em, realm, door, platform, workflows, attempts }) {
    const email = 'email' in body.to ? body.to.email : (await findMember(em, realm, body.to.memberId)).email;
    await countMemberMail(attempts, realm, email, actor);
    const started = await em.transactional((tx) => offerAtPortal(tx, platform, door.tenantId, body, actor));
    await workflows.start(started.runId);
    return started;
  },
});
