import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
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

/** Throws `DeterminismViolationError` when the bundle would not do again what the history tells. */
export const replay = (bundle: string, { history, workflowId }: Recorded): Promise<void> =>
  Worker.runReplayHistory(
    { workflowBundle: { code: bundle }, dataConverter: { failureConverterPath }, sinks: tracingSinks() },
    unpackHistory(history),
    workflowId,
  );

/** The newest record of a way through a workflow. */
export function recordOf(way: string): Recorded {
  const record = recordedHistories.findLast(({ name }) => name.startsWith(`${way}.`));
  if (!record) throw new Error(`no history of ${way} is recorded`);
  return record;
}
