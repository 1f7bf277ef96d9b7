/// <reference lib="webworker" />
import type { Run } from '#contracts/runs.ts';
import { runIsOver } from '#contracts/runStates.ts';
import { openRunStream, rereadRun, type Link } from '#lib/runs/runStream.ts';

/**
 * The one place in a browser that listens to runs: tabs looking at the same run share its stream, so that many tabs do
 * not use up the few connections a browser opens to one origin.
 */
export type ToWorker = { follow: string } | { leave: string };
export type FromWorker = { runId: string; run: Run } | { runId: string; link: Link };

interface Followed {
  ports: Set<MessagePort>;
  stop: () => void;
  run: Run | null;
  link: Link;
}

/** A browser opens six connections to an origin over HTTP/1.1; the pages need the others. */
const mostStreams = 3;
let openStreams = 0;

const followed = new Map<string, Followed>();

function follow(runId: string, port: MessagePort): void {
  const known = followed.get(runId);
  if (known && !(known.run && runIsOver(known.run.state))) {
    known.ports.add(port);
    if (known.run) port.postMessage({ runId, run: known.run } satisfies FromWorker);
    port.postMessage({ runId, link: known.link } satisfies FromWorker);
    return;
  }
  const entry: Followed = { ports: new Set([...(known?.ports ?? []), port]), stop: () => {}, run: null, link: 'live' };
  const tell = (message: FromWorker) => {
    for (const each of entry.ports) each.postMessage(message);
  };
  followed.set(runId, entry);
  const listens = openStreams < mostStreams;
  const watch = listens ? openRunStream : rereadRun;
  if (listens) openStreams++;
  let holdsOne = listens;
  const letGo = () => {
    if (holdsOne) openStreams--;
    holdsOne = false;
  };
  const stop = watch(runId, {
    onRun: (run) => {
      entry.run = run;
      if (runIsOver(run.state)) letGo();
      tell({ runId, run });
    },
    onLink: (link) => {
      entry.link = link;
      tell({ runId, link });
    },
  });
  entry.stop = () => {
    letGo();
    stop();
  };
}

function leave(runId: string, port: MessagePort): void {
  const entry = followed.get(runId);
  entry?.ports.delete(port);
  if (!entry || entry.ports.size > 0) return;
  entry.stop();
  followed.delete(runId);
}

declare const self: SharedWorkerGlobalScope;
self.addEventListener('connect', (event) => {
  const port = event.ports[0]!;
  port.addEventListener('message', ({ data }: MessageEvent<ToWorker>) =>
    'follow' in data ? follow(data.follow, port) : leave(data.leave, port),
  );
  port.start();
});
