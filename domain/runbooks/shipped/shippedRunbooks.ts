import type { RunbookDraft } from '#contracts/runbooks/runbooks.ts';
import { deployAndRollBack } from './deployAndRollBack.ts';
import { loseControlPlane } from './loseControlPlane.ts';
import { losePrimary } from './losePrimary.ts';
import { offboardTenant } from './offboardTenant.ts';
import { onboardTenant } from './onboardTenant.ts';
import { rebuildControlPlane } from './rebuildControlPlane.ts';
import { regionFailover } from './regionFailover.ts';
import { respondToIncident } from './respondToIncident.ts';
import { restoreTenant } from './restoreTenant.ts';
import { rotateCertificates } from './rotateCertificates.ts';
import { rotateMasterKey } from './rotateMasterKey.ts';
import { rotateSigningKeys } from './rotateSigningKeys.ts';
import { rotateTenantSecrets } from './rotateTenantSecrets.ts';

/** The runbooks that come with a release, by the names under which an installation has them. */
export const shippedRunbooks: Readonly<Record<string, RunbookDraft>> = {
  'restore-a-tenant': restoreTenant,
  'lose-the-primary': losePrimary,
  'lose-the-control-plane': loseControlPlane,
  'rebuild-the-control-plane': rebuildControlPlane,
  'region-failover-rehearsal': regionFailover,
  'rotate-master-key': rotateMasterKey,
  'rotate-signing-keys': rotateSigningKeys,
  'rotate-tenant-secrets': rotateTenantSecrets,
  'rotate-certificates': rotateCertificates,
  'respond-to-an-incident': respondToIncident,
  'deploy-and-roll-back': deployAndRollBack,
  'onboard-a-tenant': onboardTenant,
  'offboard-a-tenant': offboardTenant,
};
