import { TestWorkflowEnvironment } from '@temporalio/testing';
import { createLogger } from '#observability/logging.ts';
import { searchAttributeNames } from '#temporal/searchAttributes.ts';
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
const longestSkipMs = 90_000;

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
    skip: (ms) =>
      environment.connection
        .withDeadline(Date.now() + longestSkipMs, () => environment.sleep(ms))
        .catch(async (error: Error) => {
          throw new Error(`time was not let pass: ${await atWork(environment)}`, { cause: error });
        }),
    stop: () => environment.teardown(),
  };
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

/** What holds the time: executions with something pending. */
async function atWork({ client }: TestWorkflowEnvironment): Promise<string> {
  const told: string[] = [];
  for await (const { workflowId, status } of client.workflow.list()) {
    if (status.name !== 'RUNNING') continue;
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    const activities = raw.pendingActivities?.map(
      ({ activityType, attempt, state }) => `${activityType?.name} (state ${state}, attempt ${attempt})`,
    );
    told.push(
      `${workflowId}: ${[...(activities ?? []), raw.pendingWorkflowTask && 'a workflow task'].filter(Boolean).join(', ')}`,
    );
  }
  return told.join('; ') || 'nothing is running';
}
