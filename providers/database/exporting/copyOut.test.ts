import assert from 'node:assert/strict';
import { CopyOut } from './copyOut.ts';

describe('rows on their way out of PostgreSQL', () => {
  it('that nobody reads do not end the process when their connection does, and whoever reads then is told', async () => {
    const rows = new CopyOut('copy (select 1) to stdout');
    rows.submit({ query: () => undefined, stream: { pause: () => undefined, resume: () => undefined } });
    rows.handleError(new Error('Connection terminated'));
    await new Promise((resolve) => setImmediate(resolve)); // an error that nobody hears is thrown here
    await assert.rejects(async () => {
      for await (const row of rows) assert.fail(`a row: ${String(row)}`);
    }, /Connection terminated/);
  });
});
