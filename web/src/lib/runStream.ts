import { runIsOver } from '#contracts/runStates.ts';
import type { Run } from '#contracts/runs.ts';

export type Link = 'live' | 'reconnecting';
export interface RunWatcher {
  onRun: (run: Run) => void;
  onLink: (link: Link) => void;
}

const firstWait = 500;
const longestWait = 15_000;
/** A connection that says nothing for this long is asked about: a proxy may have dropped it without a word. */
const silence = 10_000;

/**
 * Follows one run until it is over, through lost connections: the stream first, and between attempts the run itself is
 * read. Never goes back to an older version. Returns the way to stop.
 */
export function openRunStream(runId: string, { onRun, onLink }: RunWatcher): () => void {
  const path = `/api/v1/runs/${runId}`;
  let stream: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = firstWait;
  let version = -1;
  let stopped = false;

  const stop = () => {
    stopped = true;
    stream?.close();
    clearTimeout(timer);
  };

  const take = (run: Run): boolean => {
    if (stopped || run.version <= version) return false;
    version = run.version;
    onRun(run);
    if (runIsOver(run.state)) stop();
    return true;
  };

  /** What the run is now, without the stream. Null when the server cannot be asked. */
  const reread = async (): Promise<Run | null> => {
    try {
      const response = await fetch(path, { headers: { accept: 'application/json' } });
      // Signed out, forbidden or gone: asking again will not help; the page says so on the next load.
      if ([401, 403, 404].includes(response.status)) stop();
      return response.ok ? ((await response.json()) as Run) : null;
    } catch {
      return null;
    }
  };

  const listen = () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const run = await reread();
      // Newer than what the stream told: it is dead although it looks open.
      if (!run || take(run)) reconnect();
      else if (!stopped) listen();
    }, silence);
  };

  const connect = () => {
    stream = new EventSource(`${path}/events`);
    stream.addEventListener('open', () => {
      wait = firstWait;
      onLink('live');
      listen();
    });
    stream.addEventListener('run', (event: MessageEvent<string>) => {
      take(JSON.parse(event.data) as Run);
      if (!stopped) listen();
    });
    // The browser's own reconnecting gives up on an HTTP error and knows no growing wait, so it is done here.
    stream.addEventListener('error', reconnect);
  };

  const reconnect = () => {
    stream?.close();
    if (stopped) return;
    clearTimeout(timer);
    onLink('reconnecting');
    timer = setTimeout(
      async () => {
        const run = await reread();
        if (run) take(run);
        if (!stopped) connect();
      },
      wait * (0.75 + Math.random() / 2),
    );
    wait = Math.min(wait * 2, longestWait);
  };

  connect();
  return stop;
}
