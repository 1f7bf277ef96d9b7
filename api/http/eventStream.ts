import { once } from 'node:events';
import type { Response } from 'express';

const pingMs = 15_000;

/**
 * Writes server-sent events (WHATWG HTML, 9.2) until the source ends or `signal` aborts. The next event is asked for when the
 * last one has left this process, so a slow reader costs one event of memory. Throws before anything is written when the
 * source fails at once.
 */
export async function writeEvents(
  response: Response,
  events: AsyncIterable<{ id: string; data: string }>,
  { name, signal }: { name: string; signal: AbortSignal },
): Promise<void> {
  const source = events[Symbol.asyncIterator]();
  let next = await source.next();
  response.status(200).set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no', // nginx would hold events back
  });
  response.flushHeaders();
  const ping = setInterval(() => response.writableNeedDrain || response.write(': ping\n\n'), pingMs);
  try {
    while (!next.done && !signal.aborted) {
      const { id, data } = next.value;
      if (!response.write(`event: ${name}\nid: ${id}\ndata: ${data}\n\n`))
        await once(response, 'drain', { signal }).catch(() => undefined);
      next = await source.next();
    }
  } finally {
    clearInterval(ping);
    await source.return?.(undefined);
    response.end();
  }
}
