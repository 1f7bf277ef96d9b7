import { readPortal } from '../routes/portal/readPortal.ts';
import { readPortalSession } from '../routes/portal/readPortalSession.ts';
import { readIssuer } from '../routes/portal/readIssuer.ts';
import { readIssuerKeys } from '../routes/portal/readIssuerKeys.ts';
import { disableMember } from '../routes/members/disableMember.ts';
import { enableMember } from '../routes/members/enableMember.ts';
import { inviteMember } from '../routes/members/inviteMember.ts';
import { inviteMemberAgain } from '../routes/members/inviteMemberAgain.ts';
import { listMembers } from '../routes/members/listMembers.ts';
import { readMember } from '../routes/members/readMember.ts';
import { removeMember } from '../routes/members/removeMember.ts';
import { resetMemberFactors } from '../routes/members/resetMemberFactors.ts';
import { updateMember } from '../routes/members/updateMember.ts';
import { portalIdentityRoutes } from './portalIdentity.ts';

/** What a tenant's front door asks. */
export const portalRoutes = {
  readPortal,
  readPortalSession,
  readIssuer,
  readIssuerKeys,
  ...portalIdentityRoutes,
  listMembers,
  inviteMember,
  readMember,
  updateMember,
  removeMember,
  inviteMemberAgain,
  disableMember,
  enableMember,
  resetMemberFactors,
};
