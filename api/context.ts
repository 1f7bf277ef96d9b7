import type { Client } from '@temporalio/client';
import type { LicenseLookup } from '#domain/licenses/using/licenseLookup.ts';
import type { Platform } from '#domain/platform.ts';
import type { Logger } from '#observability/logging.ts';
import type { RateLimits } from './http/rateLimits.ts';
import type { Access } from './access/access.ts';
import type { ApiKeys } from './signIn/apiKeys.ts';
import type { RelyingParty } from '#domain/people/factors/passkeys.ts';
import type { AttemptLimits } from './signIn/attemptLimits.ts';
import type { CheckPassword } from './signIn/checkPassword.ts';
import type { Sessions } from './signIn/sessions.ts';
import type { Refusals } from './refusals/refusals.ts';
import type { Realm } from '#domain/people/realm.ts';
import type { Doors } from './portals/doors.ts';
import type { Readiness } from './readiness.ts';
import type { RunWatch } from './runWatch.ts';
import type { WorkflowDesk } from './workflowDesk.ts';

/** What the API stands on, for as long as it runs. */
export interface ApiContext {
  platform: Platform;
  client: Client;
  logger: Logger;
  access: Access;
  sessions: Sessions;
  apiKeys: ApiKeys;
  attempts: AttemptLimits;
  /** Where passkeys work. */
  relyingParty: RelyingParty;
  checkPassword: CheckPassword;
  /** Whose people are asked for: the platform's, and in a handler of a portal's route the tenant's. */
  realm: Realm;
  doors: Doors;
  limits: RateLimits;
  refusals: Refusals;
  workflows: WorkflowDesk;
  runWatch: RunWatch;
  licenseLookup: LicenseLookup;
  readiness: Readiness;
}
