/// <reference lib="webworker" />
import { runIsOver } from '#contracts/runStates.ts';
import { openRunStream, rereadRun, type Following, type Link, type Source } from '#lib/runs/runStream.ts';

/**
 * The one place in a browser that listens to runs: tabs looking at the same run share its stream, so that many tabs do
 * not use up the few connections a browser opens to one origin.
 */
export type ToWorker = { follow: Source } | { leave: string };
export type FromWorker = { path: string; run: Following } | { path: string; link: Link };

interface Followed {
  ports: Set<MessagePort>;
  stop: () => void;
  run: Following | null;
  link: Link;
}

/** A browser opens six connections to an origin over HTTP/1.1; the pages need the others. */
const mostStreams = 3;
let openStreams = 0;

const followed = new Map<string, Followed>();

function follow(source: Source, port: MessagePort): void {
  const { path } = source;
  const known = followed.get(path);
  if (known && !(known.run && runIsOver(known.run.state))) {
    known.ports.add(port);
    if (known.run) port.postMessage({ path, run: known.run } satisfies FromWorker);
    port.postMessage({ path, link: known.link } satisfies FromWorker);
    return;
  }
  const entry: Followed = { ports: new Set([...(known?.ports ?? []), port]), stop: () => {}, run: null, link: 'live' };
  const tell = (message: FromWorker) => {
    for (const each of entry.ports) each.postMessage(message);
  };
  followed.set(path, entry);
  const listens = openStreams < mostStreams;
  const watch = listens ? openRunStream : rereadRun;
  if (listens) openStreams++;
  let holdsOne = listens;
  const letGo = () => {
    if (holdsOne) openStreams--;
    holdsOne = false;
  };
  const stop = watch(source, {
    onRun: (run) => {
      entry.run = run;
      if (runIsOver(run.state)) letGo();
      tell({ path, run });
    },
    onLink: (link) => {
      entry.link = link;
      tell({ path, link });
    },
  });
  entry.stop = () => {
    letGo();
    stop();
  };
}

function leave(path: string, port: MessagePort): void {
  const entry = followed.get(path);
  entry?.ports.delete(port);
  if (!entry || entry.ports.size > 0) return;
  entry.stop();
  followed.delete(path);
}

declare const self: SharedWorkerGlobalScope;
self.addEventListener('connect', (event) => {
  const port = event.ports[0]!;
  port.addEventListener('message', ({ data }: MessageEvent<ToWorker>) =>
    'follow' in data ? follow(data.follow, port) : leave(data.leave, port),
  );
  port.start();
});
