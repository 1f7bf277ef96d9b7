import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { DomainError } from '#contracts/errors.ts';
import { readConfiguration } from '#domain/configuration.ts';
import { createLogger } from '#observability/logging.ts';
import { ProviderError } from '#providers/provider.ts';
import { startWorker } from '#workers/worker.ts';
import { stepIntoActivities } from './activityFaults.ts';
import { stepInto, type Position } from './faults.ts';
import type { Order, Poison, TenantPlan, Word } from './remoteWorker.ts';

/** A worker as a process of its own, to be killed or frozen. Its parent says by messages where; see {@link Order}. */
let halt: Position | null = null;
let fail: Position | null = null;
const plans = new Map<string, TenantPlan>();
const held: (() => void)[] = [];

const tell = (word: Word): Promise<void> =>
  new Promise((resolve) => (process.send ? process.send(word, () => resolve()) : resolve()));
const isAt = (wanted: Position | null, { at, when }: Position) => wanted?.at === at && wanted.when === when;

async function stepIn(position: Position, _attempt = 1, tenantId: string | null = null): Promise<void> {
  const plan = plans.get(tenantId ?? '');
  if (tenantId && plan?.halt && isAt(plan.halt, position)) {
    await tell({ halted: position, tenantId });
    await new Promise<void>((resolve) => held.push(resolve));
  }
  if (plan?.poison?.at === position.at && position.when === 'before') await poisonedBy(plan.poison.by);
  if (isAt(fail, position) || plan?.fail?.some((one) => isAt(one, position)))
    throw new DomainError('check_failed', 'The test says no.');
  if (!halt || !isAt(halt, position)) return;
  halt = null;
  await tell({ halted: position });
  await new Promise<void>((resolve) => held.push(resolve));
}

async function poisonedBy(poison: Poison): Promise<void> {
  if (poison === 'throws') throw new ProviderError('poison', 'The poisoned system does not answer.');
  if (poison === 'hangs') await new Promise(() => undefined);
}

/** What an activity answers; poison makes more of it. */
const answerOf = (at: string, tenantId: string | null, answer: unknown): unknown => {
  const poison = plans.get(tenantId ?? '')?.poison;
  return poison?.at === at && poison.by === 'answers 3 MB' ? 'x'.repeat(3 * 2 ** 20) : answer;
};

// Between the folder of a bucket and its marker no provider calls anything of ours: the file system is the place to step in.
const { open } = fs;
fs.open = async (path, ...rest) => {
  if (String(path).includes('.tenantry-owner.new')) await stepIn({ at: 'storage.marker', when: 'before' });
  return open(path, ...rest);
};
syncBuiltinESMExports();

const worker = await startWorker(readConfiguration(), {
  logger: createLogger('test', { level: process.env['TENANTRY_LOG_LEVEL'] ?? 'fatal' }),
  adapt: (deps) =>
    stepInto(
      deps,
      stepIn,
      (at, error) => void tell({ ended: { at, code: error ? ((error as DomainError).code ?? 'unknown') : null } }),
    ),
  adaptActivities: (activities, deps) =>
    stepIntoActivities(activities, deps, stepIn, answerOf, (at) => void tell({ done: at })),
});
process.on('message', (order: Order) => {
  if (order.halt) halt = order.halt;
  for (const plan of order.plan ?? []) plans.set(plan.tenantId, plan);
  if (order.goOn) for (const plan of plans.values()) delete plan.halt;
  if (order.goOn) for (const resolve of held.splice(0)) resolve();
  if (order.fail !== undefined) fail = order.fail;
  void tell({ heard: true });
});
process.once('SIGTERM', () => void worker.stop().then(() => process.exit(0)));
process.once('disconnect', () => process.exit(0)); // the test is gone; so are we
await tell({ ready: true });
