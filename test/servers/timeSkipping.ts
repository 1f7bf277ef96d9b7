import { TestWorkflowEnvironment } from '@temporalio/testing';
import { createLogger } from '#observability/logging.ts';
import { searchAttributeNames } from '#temporal/searchAttributes.ts';
import { waitedTooLong } from '#test/run/patience.ts';
import { installRuntime } from '#workers/worker.ts';
import { findTestServer } from './timeSkippingTools.ts';
import { testServers } from './installation.ts';

/**
 * A Temporal server whose time a test moves: workflows' timers and `Date.now()` follow, the clocks of PostgreSQL and of activities do
 * not. It has no Schedules and one namespace; give a test file one of its own.
 */
export interface TimeSkippingServer {
  address: string;
  /** For `TestInstallation.start(overrides, servers)`: PostgreSQL is the one that all tests share. */
  servers: { adminUrl: string; temporalAddress: string };
  /** The server's time, in milliseconds since 1970. */
  now(): Promise<number>;
  /** Lets so much time pass, stopping at each timer on the way until what it woke is done. */
  skip(ms: number): Promise<void>;
  stop(): Promise<void>;
}

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

/** Time stands still while something is at work, in the worst case until an activity's worker is given up. */
const longestSkipMs = 60_000;
const skipAttempts = 4;

const keyword = 2; // temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD

export async function startTimeSkipping(): Promise<TimeSkippingServer> {
  installRuntime(createLogger('test', { level: 'fatal' }));
  const path = await findTestServer();
  const environment = await createEnvironment(path);
  await environment.connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: Object.fromEntries(searchAttributeNames.map((name) => [name, keyword])),
  });
  return {
    address: environment.address,
    servers: { ...testServers(), temporalAddress: environment.address },
    now: () => environment.currentTimeMs(),
    skip: (ms) => skip(environment, ms),
    stop: () => environment.teardown(),
  };
}

/**
 * On a busy machine time has stood still for longer than anything may be at work, twice in many runs of everything and never alone; why is not known, and this
 * server cannot list what runs. So it is asked again for what is left; a time that does not pass at all is red still.
 */
async function skip(environment: TestWorkflowEnvironment, ms: number): Promise<void> {
  const until = (await environment.currentTimeMs()) + ms;
  for (let attempt = 1; ; attempt++) {
    const left = until - (await environment.currentTimeMs());
    if (left <= 0) return;
    try {
      return await environment.connection.withDeadline(Date.now() + longestSkipMs, () => environment.sleep(left));
    } catch (cause) {
      if (attempt === skipAttempts)
        throw waitedTooLong(`time was not let pass: ${left} ms of ${ms} are left`, { cause });
    }
  }
}

/** The SDK gives a server five seconds to begin, which a busy machine may use up: then another one is tried. */
async function createEnvironment(path: string, attempt = 1): Promise<TestWorkflowEnvironment> {
  try {
    return await TestWorkflowEnvironment.createTimeSkipping({
      server: { executable: { type: 'existing-path', path } },
    });
  } catch (error) {
    if (attempt === 4 || !(error as Error).message.includes('did not start within')) throw error;
    return createEnvironment(path, attempt + 1);
  }
}
