import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import Mocha from 'mocha';
import { isWaitedTooLong } from './patience.ts';

/**
 * The readable report, and its counts in a file for whoever started mocha. A failure is told when it happens too: a run
 * that is stopped half-way still says what it found.
 */
export default class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const fileOf = (test) => (test.file ? relative(process.cwd(), test.file) : '');
    const failures = [];
    const passesOf = {};
    runner.on('pass', (test) => (passesOf[fileOf(test)] = (passesOf[fileOf(test)] ?? 0) + 1));
    runner.on('fail', (test, error) => {
      const file = fileOf(test);
      failures.push({ file, title: test.fullTitle(), waited: isWaitedTooLong(error) });
      const reason = String(error?.stack ?? error?.message ?? error).split('\n');
      console.log(
        ['', `✖ ${test.fullTitle()} (${file})`, ...reason.slice(0, 8).map((line) => `    ${line}`), ''].join('\n'),
      );
    });
    runner.once('end', () => {
      const { passes, pending, failures: failed } = this.stats;
      const file = process.env.TENANTRY_TEST_COUNTS;
      const outcome = { passed: passes, failed, skipped: pending, failures, passesOf };
      if (file) writeFileSync(file, JSON.stringify(outcome));
    });
  }
}
