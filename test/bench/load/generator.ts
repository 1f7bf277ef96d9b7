/**
 * A process that asks, apart from the one that answers, so that measuring takes no time from what is measured. It is told what to ask
 * by a message and tells what came of it by another.
 */
import { performance } from 'node:perf_hooks';
import { Line, requestOf, type Asked } from './line.ts';

export interface LoadOrder {
  url: string;
  path: string;
  /** In turn: a key each, a cookie each. */
  asked: Asked[];
  seconds: number;
  connections: number;
  /**
   * Requests a second, sent whether or not the ones before were answered; each is timed from when it was due, so that a server that
   * stalls is charged with all who waited (no coordinated omission). Null: each connection asks again once it was answered.
   */
  perSecond: number | null;
}

export interface LoadOutcome {
  count: number;
  seconds: number;
  /** In ms, in the order of their ends. */
  latencies: number[];
  /** By status, other than 200. */
  others: Record<string, number>;
}

async function load({ url, path, asked, seconds, connections, perSecond }: LoadOrder): Promise<LoadOutcome> {
  const requests = asked.map((one) => requestOf(url, path, one));
  const lines = await Promise.all(Array.from({ length: connections }, () => Line.open(url)));
  const outcome: LoadOutcome = { count: 0, seconds, latencies: [], others: {} };
  let next = 0;
  const began = performance.now();
  const end = began + seconds * 1000;

  const askOnce = async (line: Line, due: number) => {
    const status = await line.ask(requests[next++ % requests.length]!);
    outcome.count += 1;
    outcome.latencies.push(performance.now() - due);
    if (status !== 200) outcome.others[status] = (outcome.others[status] ?? 0) + 1;
  };

  if (perSecond === null)
    await Promise.all(
      lines.map(async (line) => {
        while (performance.now() < end) await askOnce(line, performance.now());
      }),
    );
  else await askOnTime(lines, { began, count: Math.round(perSecond * seconds), everyMs: 1000 / perSecond }, askOnce);

  outcome.seconds = (performance.now() - began) / 1000;
  for (const line of lines) line.close();
  return outcome;
}

/** Sends each when it is due on a line that is free; with none free it waits, and its time runs. */
async function askOnTime(
  lines: Line[],
  { began, count, everyMs }: { began: number; count: number; everyMs: number },
  askOnce: (line: Line, due: number) => Promise<void>,
): Promise<void> {
  const free = [...lines];
  let sent = 0;
  let answered = 0;
  await new Promise<void>((resolve, reject) => {
    const send = () => {
      const now = performance.now();
      while (sent < count && free.length > 0 && began + sent * everyMs <= now) {
        const line = free.pop()!;
        const due = began + sent * everyMs;
        sent += 1;
        askOnce(line, due).then(() => {
          free.push(line);
          answered += 1;
          if (answered === count) resolve();
          else if (began + sent * everyMs <= performance.now()) send();
        }, reject);
      }
    };
    const tick = () => {
      send();
      if (sent < count) setTimeout(tick, 1);
    };
    tick();
  });
}

process.on('message', (order: LoadOrder) => {
  load(order).then(
    (outcome) => process.send?.({ outcome }),
    (error: unknown) => process.send?.({ failed: String(error) }),
  );
});
process.once('disconnect', () => process.exit());
