import type { Execution } from '#contracts/runbooks/executions.ts';
import type { Run } from '#contracts/runs.ts';
import type { FromWorker, ToWorker } from '#lib/runs/runWorker.ts';
import { openRunStream, type RunWatcher, type Source } from '#lib/runs/runStream.ts';

let worker: SharedWorker | null | undefined;
/** How many parts of this tab look at each run: the worker knows tabs, not parts. */
const lookingAt = new Map<string, number>();

/** The browser's shared listener; null where there is none (Chrome on Android) and each tab listens for itself. */
function sharedWorker(): SharedWorker | null {
  if (worker !== undefined) return worker;
  worker = null;
  try {
    worker = new SharedWorker(new URL('./runWorker.ts', import.meta.url), { type: 'module', name: 'tenantry-runs' });
    worker.port.start();
  } catch {
    // Forbidden by policy or unknown to the browser: the tab's own stream does the same.
  }
  return worker;
}

/** Calls back with the whole run whenever it changes, until it is over. Returns the way to stop. */
export const followRun = (runId: string, watcher: RunWatcher<Run>): (() => void) =>
  follow({ path: `/api/v1/runs/${runId}`, event: 'run' }, watcher as RunWatcher);

/** The same for an execution of a runbook, with what whoever looks may do. */
export const followExecution = (runId: string, watcher: RunWatcher<Execution>): (() => void) =>
  follow({ path: `/api/v1/runbook-executions/${runId}`, event: 'execution' }, watcher as RunWatcher);

function follow(source: Source, watcher: RunWatcher): () => void {
  const shared = sharedWorker();
  if (!shared) return openRunStream(source, watcher);

  const { path } = source;
  const { port } = shared;
  const tell = (message: ToWorker) => port.postMessage(message);
  let ownStream: (() => void) | null = null;
  const hear = ({ data }: MessageEvent<FromWorker>) => {
    if (data.path !== path) return;
    if ('run' in data) watcher.onRun(data.run);
    else watcher.onLink(data.link);
  };
  const leave = () => tell({ leave: path });
  const comeBack = ({ persisted }: PageTransitionEvent) => {
    if (persisted) tell({ follow: source });
  };
  /** A worker whose script failed to load says so only here. */
  const standAlone = () => {
    worker = null;
    ownStream ??= openRunStream(source, watcher);
  };

  port.addEventListener('message', hear);
  shared.addEventListener('error', standAlone);
  addEventListener('pagehide', leave);
  addEventListener('pageshow', comeBack);
  lookingAt.set(path, (lookingAt.get(path) ?? 0) + 1);
  tell({ follow: source });

  return () => {
    const left = (lookingAt.get(path) ?? 1) - 1;
    lookingAt.set(path, left);
    if (left === 0) leave();
    ownStream?.();
    port.removeEventListener('message', hear);
    shared.removeEventListener('error', standAlone);
    removeEventListener('pagehide', leave);
    removeEventListener('pageshow', comeBack);
  };
}
