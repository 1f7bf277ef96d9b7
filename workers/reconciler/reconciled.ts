import type { Client } from '@temporalio/client';
import type { Platform } from '#domain/platform.ts';
import type { Logger } from '#observability/logging.ts';

/** What the reconciler's parts compare: the ledger here, the executions there. */
export interface Reconciled {
  platform: Platform;
  client: Client;
  logger: Logger;
}
