import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker, type ReplayWorkerOptions } from '@temporalio/worker';
import { buildWorkflows } from '#local/buildWorkflows.ts';
import { createLogger } from '#observability/logging.ts';
import { tracingSinks } from '#observability/temporalTracing.ts';
import { failureConverterPath } from '#temporal/connection.ts';
import { installRuntime } from '#workers/worker.ts';
import { unpackHistory } from './packedHistories.ts';

export interface Recorded {
  name: string;
  workflowId: string;
  history: string;
}

const folder = join(import.meta.dirname, 'histories');

/** What runs of every released version left. */
export const recordedHistories: readonly Recorded[] = readdirSync(folder).map((name) => ({
  name,
  ...(JSON.parse(readFileSync(join(folder, name), 'utf8')) as Omit<Recorded, 'name'>),
}));

export async function currentBundle(): Promise<string> {
  installRuntime(createLogger('test', { level: 'silent' }));
  return readFile(process.env['TEST_WORKFLOW_BUNDLE'] || (await buildWorkflows()), 'utf8');
}

const workerOf = (bundle: string): ReplayWorkerOptions & { debugMode: false } => ({
  workflowBundle: { code: bundle },
  dataConverter: { failureConverterPath },
  sinks: tracingSinks(),
  // In a thread: a replay in this one leaves its promise hook to whatever the process does afterwards.
  debugMode: false,
});

/** Throws `DeterminismViolationError` when the bundle would not do again what the history tells. */
export const replay = (bundle: string, { history, workflowId }: Recorded): Promise<void> =>
  Worker.runReplayHistory(workerOf(bundle), unpackHistory(history), workflowId);

/** Replays all of them by one worker; to each its error, or null when it goes on. */
export async function replayEach(bundle: string, records: readonly Recorded[]): Promise<Map<Recorded, Error | null>> {
  const histories = records.map(({ history, workflowId }) => ({ history: unpackHistory(history), workflowId }));
  const ends = new Map<string, Error | null>();
  for await (const { workflowId, error } of Worker.runReplayHistories(workerOf(bundle), histories))
    ends.set(workflowId, error ?? null);
  return new Map(
    records.map((record) => [record, ends.get(record.workflowId) ?? (ends.has(record.workflowId) ? null : missing)]),
  );
}

const missing = new Error('it was not replayed');

/** The newest record of a way through a workflow. */
export function recordOf(way: string): Recorded {
  const record = recordedHistories.findLast(({ name }) => name.startsWith(`${way}.`));
  if (!record) throw new Error(`no history of ${way} is recorded`);
  return record;
}
