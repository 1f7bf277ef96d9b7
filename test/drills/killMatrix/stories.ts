import { drillStories } from './stories/drills.ts';
import { backupStories } from './stories/backups.ts';
import { fleetStories } from './stories/fleet.ts';
import { findingStories } from './stories/findings.ts';
import { handoverStories } from './stories/handover.ts';
import { importStories } from './stories/imports.ts';
import { licenseStories } from './stories/licenses.ts';
import { onboardingStories } from './stories/onboarding.ts';
import { offboardingStories } from './stories/offboarding.ts';
import { outsideStories } from './stories/outside.ts';
import { platformStories } from './stories/platform.ts';
import { provisioningStories } from './stories/provisioning.ts';
import { recoveryStories } from './stories/recovery.ts';
import { renewalStories } from './stories/renewals.ts';
import { restoreStories } from './stories/restores.ts';
import { runbookStories } from './stories/runbooks.ts';
import { suspensionStories } from './stories/suspension.ts';
import type { Story } from './story.ts';

/** What happens to tenants between their beginning and their end. */
export const lifeStories: readonly Story[] = [
  ...fleetStories,
  ...suspensionStories,
  ...licenseStories,
  ...handoverStories,
  ...onboardingStories,
  ...offboardingStories,
  ...importStories,
  ...renewalStories,
  ...drillStories,
  ...backupStories,
  ...restoreStories,
  ...recoveryStories,
];

/** A workflow that is not here, and one of whose steps no place stands in, makes the drill red. */
export const stories: readonly Story[] = [
  ...provisioningStories,
  ...outsideStories,
  ...findingStories,
  ...platformStories,
  ...runbookStories,
  ...lifeStories,
];

/** Steps that no worker executes, with where they are cut instead. */
export const elsewhere: Record<string, string> = {
  'provisionTenant address': 'reserved in the transaction of the API: cut by the kills of requests',
  'renewLicense renewal.quote': 'written in the transaction that opens the run, which nothing interrupts half-way',
  'changeOwnership ownership.wait': 'waiting only: what it waits for is written by whoever answers',
  'suspendTenant doors': 'closed in the transaction that opens the run, which nothing interrupts half-way',
};
