import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { makeTelemetryFilterString, NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { createActivities } from '#activities/index.ts';
import type { RunQueue } from '#contracts/workflowInputs.ts';
import { ConfigurationError, type Configuration } from '#domain/configuration.ts';
import { openPlatform } from '#domain/platform.ts';
import { seedShipped } from '#domain/runbooks/versions/seedShipped.ts';
import { defaultRegion } from '#domain/tenants/registerTenant.ts';
import { createLogger, temporalLogger, type Logger } from '#observability/logging.ts';
import { tracingActivityInterceptors, tracingSinks } from '#observability/temporalTracing.ts';
import { connectionOptions, dataConverterOf, openTemporalClient } from '#temporal/connection.ts';
import { taskQueueOf } from '#temporal/queues.ts';
import { startCataloguePublisher } from './catalogue/cataloguePublisher.ts';
import { createDeps, type WorkerDeps } from './createDeps.ts';
import { startNotifier } from './notifier/notifier.ts';
import { startReconciler } from './reconciler/reconciler.ts';
import { startSealer } from './sealer/sealer.ts';
import { followStores, startReplicationWatch } from './replication/replicationWatch.ts';
import { stepInterceptor } from './stepInterceptor.ts';

const poolSize = 20;
const slotsOf = (workflowTasks: number, activities: number) => ({
  maxConcurrentWorkflowTaskExecutions: workflowTasks,
  maxConcurrentActivityTaskExecutions: activities,
  maxConcurrentLocalActivityExecutions: activities,
});
/**
 * Enough workflow tasks to keep the workflow thread busy: more finish no sooner, and on a loaded machine they outlast their three
 * seconds and run again. Bulk work gets what keeps the machine busy and leaves room for somebody who waits for an answer.
 */
const slots: Record<RunQueue, ReturnType<typeof slotsOf>> = { interactive: slotsOf(12, 40), bulk: slotsOf(4, 6) };
const drainSeconds = 20;
const idleEnoughMs = 3_000;
const idleTickMs = 250;
/** What is under way is told to end after `drainSeconds`; whatever has not by then does not end. */
const longestStopMs = (drainSeconds + 10) * 1_000;

export interface RunningWorker {
  /** Resolves when the worker ends without being asked to; rejects with the reason. */
  ended: Promise<void>;
  /** Takes no new work, lets what is under way finish, then closes everything. */
  stop(): Promise<void>;
}

/**
 * Runs workflows and activities until stopped.
 *
 * @param adapt lets a test put something between activities and their providers
 * @param adaptActivities lets it stand around the activities that no provider keeps
 */
export async function startWorker(
  configuration: Configuration,
  {
    logger = createLogger('worker'),
    adapt = (deps) => deps,
    adaptActivities = (activities) => activities,
  }: {
    logger?: Logger;
    adapt?: (deps: WorkerDeps) => WorkerDeps;
    adaptActivities?: (activities: object, deps: WorkerDeps) => object;
  } = {},
): Promise<RunningWorker> {
  installRuntime(logger);
  const platform = await openPlatform(configuration, { poolSize });
  const temporal = openTemporalClient(platform);
  const deps = adapt(createDeps(platform, temporal.client));
  const closeAll = async () => {
    await deps.closeStores();
    await temporal.close();
    await platform.close();
  };
  try {
    const watched = { platform, servers: deps.servers, connections: deps.storeConnections, logger };
    await followStores(watched);
    const [connection] = await Promise.all([
      NativeConnection.connect(connectionOptions(configuration)),
      deps.placement
        .settleWhereabouts()
        .then(() => deps.placement.ensureRoom(defaultRegion))
        .then(() => deps.placement.settleTags()),
      seedShipped(platform.registry.em.fork()).then(({ refused }) => {
        for (const { name, findings } of refused)
          logger.error({ runbook: name, findings }, 'a runbook that is shipped cannot be run');
      }),
    ]);
    const common: Omit<WorkerOptions, 'taskQueue'> = {
      connection,
      namespace: configuration.temporal.namespace,
      ...(await workflowCode(configuration)),
      activities: adaptActivities(createActivities(deps), deps),
      dataConverter: dataConverterOf(platform, 'seal for nobody'),
      interceptors: {
        activity: [...tracingActivityInterceptors(), stepInterceptor({ ledger: deps.ledger, logger })],
      },
      sinks: tracingSinks(),
      // Each sign of life is passed on: three in a row may be late before an attempt counts as dead.
      maxHeartbeatThrottleInterval: '500ms',
      // A killed worker's cached workflows go to another one after this, instead of after ten seconds.
      stickyQueueScheduleToStartTimeout: '1s',
      shutdownGraceTime: `${drainSeconds}s`,
    };
    const workers = await Promise.all(
      configuration.workerQueues.map((queue) =>
        Worker.create({ ...common, ...slots[queue], taskQueue: taskQueueOf(configuration.taskQueue, queue) }),
      ),
    );
    const ended = Promise.all(workers.map((worker) => worker.run())).then(() => undefined);
    ended.catch(() => undefined); // told through `ended`
    const reconciler = startReconciler({ platform, client: temporal.client, logger });
    const notifier = startNotifier({ platform, mail: deps.mail, logger });
    const sealer = startSealer({ platform, logger });
    const publisher = startCataloguePublisher({ platform, fleet: deps.fleet, logger });
    const replication = startReplicationWatch(watched);
    let stopping: Promise<void> | null = null;
    const stop = async () => {
      await Promise.all([reconciler.stop(), notifier.stop(), publisher.stop(), replication.stop()]);
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      const hasEnded = await endedOrIdle(workers, ended);
      await sealer.stop(); // the last: what happened while the others stopped is sealed too
      if (hasEnded) await connection.close();
      else logger.warn('the worker did not end; nothing of it is under way, or nothing that would end, so it is left');
      await closeAll();
    };
    return { ended, stop: () => (stopping ??= stop()) };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/**
 * Whether the workers ended by themselves. The server answers a poll that is under way when a worker says goodbye; it happens that the
 * goodbye overtakes the poll, which then stays for a minute (sdk-rust #1197, #1297). When nothing was under way for some
 * seconds, there is nothing to wait for. Nor is there after the longest time: the core can panic while it stops (sdk-rust #1165), and
 * what it counts as under way then stays so for ever.
 */
async function endedOrIdle(workers: Worker[], ended: Promise<void>): Promise<boolean> {
  const watched = ended.then(
    () => true,
    () => true,
  );
  const latest = performance.now() + longestStopMs;
  for (let idleMs = 0; idleMs < idleEnoughMs && performance.now() < latest;) {
    const pause = new AbortController();
    const tick = delay(idleTickMs, false, { signal: pause.signal }).catch(() => false);
    if (await Promise.race([watched, tick])) {
      pause.abort();
      return true;
    }
    idleMs = workers.every(isIdle) ? idleMs + idleTickMs : 0;
  }
  return false;
}

function isIdle(worker: Worker): boolean {
  const { runState, numInFlightActivities, numInFlightWorkflowActivations } = worker.getStatus();
  return runState === 'STOPPED' || numInFlightActivities + numInFlightWorkflowActivations === 0;
}

let runtimeIsInstalled = false;

/** Once per process: the SDK's own log lines go through ours. Signals are the main file's business. */
export function installRuntime(logger: Logger): void {
  if (runtimeIsInstalled) return;
  runtimeIsInstalled = true;
  Runtime.install({
    logger: temporalLogger(logger),
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} } },
  });
}

async function workflowCode({ workflowBundle }: Configuration): Promise<Pick<WorkerOptions, 'workflowBundle'>> {
  if (!workflowBundle)
    throw new ConfigurationError([
      'TENANTRY_WORKFLOW_BUNDLE is missing (the worker needs it; `npm run worker` builds it)',
    ]);
  return { workflowBundle: { code: await readFile(workflowBundle, 'utf8') } };
}
