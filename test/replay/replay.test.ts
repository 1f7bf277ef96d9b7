import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import { workflowKinds } from '#contracts/workflowInputs.ts';
import { buildWorkflows } from '#local/buildWorkflows.ts';
import { createLogger } from '#observability/logging.ts';
import { tracingSinks } from '#observability/temporalTracing.ts';
import { failureConverterPath } from '#temporal/connection.ts';
import { installRuntime } from '#workers/worker.ts';
import { unpackHistory } from './packedHistories.ts';

interface Recorded {
  name: string;
  workflowId: string;
  history: string;
}

const folder = join(import.meta.dirname, 'histories');
const recorded: Recorded[] = readdirSync(folder).map((name) => ({
  name,
  ...(JSON.parse(readFileSync(join(folder, name), 'utf8')) as Omit<Recorded, 'name'>),
}));

/** Edits that would break a run under way, made to the bundle itself, each with a history that must notice. */
const planted = [
  { what: 'undos in another order', from: 'promised.reverse()', to: 'promised', breaks: 'provisionTenant.rollsBack' },
  { what: 'another activity', from: "'check' : 'ensure'", to: "'check' : 'make'", breaks: 'provisionTenant.succeeds' },
  { what: 'a step left out', from: "kind !== 'fixed'", to: "kind === 'check'", breaks: 'provisionTenant.succeeds' },
  {
    what: 'a report left out',
    from: "'done', null",
    to: "'done', null, await new Promise(() => 0)",
    breaks: 'deprovisionTenant.succeeds',
  },
];

describe('a workflow that was begun by an earlier version', function () {
  this.timeout(120_000);
  let code: string;

  before(async () => {
    installRuntime(createLogger('test', { level: 'silent' }));
    code = await readFile(process.env['TEST_WORKFLOW_BUNDLE'] || (await buildWorkflows()), 'utf8');
  });

  const replay = (bundle: string, { history, workflowId }: Recorded) =>
    Worker.runReplayHistory(
      { workflowBundle: { code: bundle }, dataConverter: { failureConverterPath }, sinks: tracingSinks() },
      unpackHistory(history),
      workflowId,
    );

  for (const one of recorded) it(`goes on: ${one.name}`, () => replay(code, one));

  for (const { what, from, to, breaks } of planted)
    it(`would break by ${what}, and that is noticed`, async () => {
      assert.equal(code.split(from).length > 1, true, `the bundle has no ${from}`);
      const history = recorded.find(({ name }) => name.startsWith(breaks));
      assert.ok(history);
      await assert.rejects(replay(code.replaceAll(from, to), history), { name: 'DeterminismViolationError' });
    });

  it('is recorded for every workflow that changes a tenant', () => {
    const kinds: string[] = [...workflowKinds];
    const missing = kinds.filter((kind) => !recorded.some(({ name }) => name.startsWith(`${kind}.`)));
    assert.deepEqual(missing, []);
  });
});
