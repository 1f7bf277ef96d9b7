import { setTimeout as delay } from 'node:timers/promises';
import { readConfiguration } from '#domain/configuration.ts';
import { createLogger } from '#observability/logging.ts';
import { startWorker } from '#workers/worker.ts';
import { stepInto, type Position } from './faults.ts';

/**
 * A worker as a process of its own, to be killed or frozen. `TEST_HALT_AT` is a {@link Position}: reaching it the first time,
 * the process tells its parent and waits there for `TEST_HALT_MS` (for ever without it).
 */
const haltAt = process.env['TEST_HALT_AT'] ? (JSON.parse(process.env['TEST_HALT_AT']) as Position) : null;
const haltMs = Number(process.env['TEST_HALT_MS'] ?? 0);

const worker = await startWorker(readConfiguration(), {
  logger: createLogger('test'),
  adapt: (deps) =>
    stepInto(deps, async ({ at, when }, attempt) => {
      if (!haltAt || at !== haltAt.at || when !== haltAt.when || attempt > 1) return;
      process.send?.({ halted: haltAt });
      await (haltMs ? delay(haltMs) : new Promise(() => setInterval(() => undefined, 60_000)));
    }),
});
process.send?.({ ready: true });
process.once('SIGTERM', () => void worker.stop().then(() => process.exit(0)));
process.once('disconnect', () => process.exit(0)); // the test is gone; so are we
