import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import Mocha from 'mocha';

/**
 * The readable report, and its counts in a file for whoever started mocha. A failure is told when it happens too: a run
 * that is stopped half-way still says what it found.
 */
export default class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.on('fail', (test, error) => {
      const file = test.file ? relative(process.cwd(), test.file) : '';
      const reason = String(error?.stack ?? error?.message ?? error).split('\n');
      console.log(
        ['', `✖ ${test.fullTitle()} (${file})`, ...reason.slice(0, 8).map((line) => `    ${line}`), ''].join('\n'),
      );
    });
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats;
      const file = process.env.TENANTRY_TEST_COUNTS;
      if (file) writeFileSync(file, JSON.stringify({ passed: passes, failed: failures, skipped: pending }));
    });
  }
}
