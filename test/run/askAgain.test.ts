import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkout } from '#local/paths.ts';
import { runAndAskAgain } from './askAgain.ts';
import type { MochaOutcome, MochaRun } from './mocha.ts';

const run: MochaRun = {
  files: ['test/a.test.ts', 'test/b.test.ts', 'test/drills/d.test.ts'],
  args: ['--slow', '1'],
  place: '',
  env: {},
  signal: new AbortController().signal,
};
const failing = (file: string, waited = true) => ({ file, title: `it of ${file}`, waited });
function outcome(passed: number, failures: ReturnType<typeof failing>[], passesOf = {}): MochaOutcome {
  const failed = failures.length;
  return { passed, failed, skipped: 0, failures, passesOf, exitCode: failed };
}
/** What the runs answer, one after the other, and what was asked. */
async function asked(...answers: MochaOutcome[]) {
  const asks: MochaRun[] = [];
  const told: string[] = [];
  const ask = async (one: MochaRun): Promise<MochaOutcome> => answers[asks.push(one) - 1]!;
  const ended = await runAndAskAgain(run, ask, (text) => told.push(text));
  return { ended, asks, told: told.join('') };
}

describe('a run of everything', () => {
  it('asks again, alone, what only waited too long, and counts it once', async () => {
    const first = outcome(20, [failing('test/a.test.ts')], { 'test/a.test.ts': 4, 'test/b.test.ts': 16 });
    const { ended, asks, told } = await asked(first, outcome(5, []));
    assert.match(told, /UNSTEADY.*\n {2}it of test\/a\.test\.ts/);
    assert.deepEqual([ended.passed, ended.failed, ended.exitCode], [21, 0, 0]);
    assert.deepEqual([asks[1]!.files, asks[1]!.args], [['test/a.test.ts'], ['--slow', '1', '--no-parallel']]);
  });

  it('is red for what does not come alone either', async () => {
    const late = failing('test/a.test.ts');
    const { ended } = await asked(outcome(20, [late], { 'test/a.test.ts': 4 }), outcome(4, [late]));
    assert.deepEqual([ended.passed, ended.failed, ended.exitCode], [20, 1, 1]);
  });

  it('is red at once for a wrong value, in drills, and where much is late', async () => {
    const many = ['a', 'b', 'c', 'e'].map((name) => failing(`test/${name}.test.ts`));
    for (const failures of [
      [failing('test/a.test.ts', false)],
      [failing('test/a.test.ts'), failing('test/b.test.ts', false)],
      [failing('test/drills/d.test.ts')],
      [failing('test/scenarios/killed.test.ts')],
      [failing('')],
      many,
    ]) {
      const first = outcome(20, failures);
      const { ended, asks } = await asked(first);
      assert.equal(ended, first, failures[0]!.file);
      assert.equal(asks.length, 1);
    }
  });

  it('tells waits that were too long from wrong values, also in other processes', async () => {
    const place = await mkdtemp(join(tmpdir(), 'tenantry-asked-'));
    try {
      const files = await Promise.all(
        Object.entries({
          late: `const { waitedTooLong } = await import('${join(checkout, 'test/run/patience.ts')}');
            it('late', () => { throw waitedTooLong('waited 1 ms'); });`,
          hanging: `it('hanging', function () { this.timeout(5); return new Promise((r) => setTimeout(r, 50)); });`,
          wrong: `it('fine', () => {}); it('wrong', () => { throw new Error('waited 1 ms'); });`,
        }).map(async ([name, text]) => {
          const file = join(place, `${name}.test.mjs`);
          await writeFile(file, text);
          return file;
        }),
      );
      const counts = join(place, 'counts.json');
      const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');
      const reporter = join(import.meta.dirname, 'countingReporter.mjs');
      const child = spawn(process.execPath, [mocha, '--parallel', '--jobs', '2', '--reporter', reporter, ...files], {
        cwd: checkout,
        env: { ...process.env, TENANTRY_TEST_COUNTS: counts },
        stdio: 'ignore',
      });
      assert.equal(await new Promise((resolve) => child.once('exit', resolve)), 3);
      const told = JSON.parse(await readFile(counts, 'utf8')) as MochaOutcome;
      const waits = told.failures.map(({ title, waited }) => [title, waited]);
      assert.deepEqual(Object.fromEntries(waits), { late: true, hanging: true, wrong: false });
      assert.deepEqual([told.passed, told.failed, Object.values(told.passesOf)], [1, 3, [1]]);
    } finally {
      await rm(place, { recursive: true, force: true });
    }
  });
});
