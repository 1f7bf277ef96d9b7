import { answerOwnershipLink } from '../routes/ownership/answerOwnershipLink.ts';
import { answerPortalOwnership } from '../routes/ownership/answerPortalOwnership.ts';
import { changeOwnership } from '../routes/ownership/changeOwnership.ts';
import { checkOwnershipLink } from '../routes/ownership/checkOwnershipLink.ts';
import { listOwnershipChanges } from '../routes/ownership/listOwnershipChanges.ts';
import { offerOwnership } from '../routes/ownership/offerOwnership.ts';
import { readPortalOwnership } from '../routes/ownership/readPortalOwnership.ts';
import { withdrawPortalOwnership } from '../routes/ownership/withdrawPortalOwnership.ts';
import { listSecretRotations } from '../routes/rotation/listSecretRotations.ts';
import { rotateSecrets } from '../routes/rotation/rotateSecrets.ts';

/** What passes from old to new while both count: a tenant's secrets, and who owns it. */
export const handoverRoutes = {
  rotateSecrets,
  listSecretRotations,
  changeOwnership,
  listOwnershipChanges,
  checkOwnershipLink,
  answerOwnershipLink,
  offerOwnership,
  readPortalOwnership,
  answerPortalOwnership,
  withdrawPortalOwnership,
};
