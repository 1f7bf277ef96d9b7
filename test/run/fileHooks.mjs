import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import { takeCoverage } from 'node:v8';
import mocha from 'mocha';
import { patience } from './patience.ts';

const { timeout } = mocha.Runnable.prototype;
mocha.Runnable.prototype.timeout = function (ms) {
  return arguments.length === 0 ? timeout.call(this) : timeout.call(this, ms * patience);
};

let began = 0;
let processor = process.cpuUsage();

/** Before and after each file: these hooks run once per file, in the process that runs it. */
export const mochaHooks = {
  beforeAll() {
    began = performance.now();
    processor = process.cpuUsage();
  },
  afterAll() {
    const file = this.test.parent.suites[0]?.file;
    const { user, system } = process.cpuUsage(processor);
    const took = { ms: Math.round(performance.now() - began), processorMs: Math.round((user + system) / 1000) };
    if (file && process.env.TENANTRY_TEST_TIMES)
      appendFileSync(
        process.env.TENANTRY_TEST_TIMES,
        `${JSON.stringify({ file: relative(process.cwd(), file), ...took })}\n`,
      );
    // Mocha gives its workers a second to end and then kills them, too short for one that ran long to write what it
    // covered. Each writing begins a new count; the report adds them up.
    if (process.env.NODE_V8_COVERAGE) takeCoverage();
  },
};
