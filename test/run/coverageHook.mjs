import { takeCoverage } from 'node:v8';

/**
 * After each file: mocha gives its workers a second to end and then kills them, too short for one that ran long to write
 * what it covered. Each writing begins a new count; the report adds them up.
 */
export const mochaHooks = {
  afterAll() {
    if (process.env.NODE_V8_COVERAGE) takeCoverage();
  },
};
