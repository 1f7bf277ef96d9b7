import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { callInterceptors } from './closedConnection.ts';

describe('a connection to Temporal that is closed while a call is repeated', () => {
  it('ends the call, and not the process', async () => {
    // Takes connections and hangs up: each attempt fails in a way that may pass.
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const uncaught: unknown[] = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => uncaught.push(error));
    try {
      const connection = Connection.lazy({ address: `127.0.0.1:${port}`, interceptors: callInterceptors() });
      const call = connection.workflowService.getSystemInfo({}).then(
        () => 'answered',
        (error: { code?: number }) => error.code,
      );
      await delay(150);
      await connection.close();
      const ended = await Promise.race([call, delay(10_000, 'hangs')]);
      assert.equal(ended, 1); // CANCELLED
      assert.deepEqual(uncaught, []);
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of listeners) process.on('uncaughtException', listener);
      server.close();
    }
  });
});
