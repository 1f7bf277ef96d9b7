import { setTimeout as sleep } from 'node:timers/promises';
import type { FolderClaim } from './folderClaim.ts';
import { progress } from '../progress.ts';
import { stopRecordedServers, type Servers } from '../servers.ts';

/** How long a stop waits for servers that are half-way up: they are not on record before they stand. */
const halfWayMs = 30_000;

interface Stoppable {
  stop(): Promise<void>;
}

/** What has been started so far, so that a stop in the middle of a start leaves nothing behind. */
export class StartedParts {
  dataDir: string | null = null;
  claim: FolderClaim | null = null;
  servers: Servers | null = null;
  #starting: Promise<Servers | null> = Promise.resolve(null);
  api: Stoppable | null = null;
  worker: (Stoppable & { ended: Promise<void> }) | null = null;
  /** Metrics and traces: they tell of the stop as well, so they end after it. */
  readonly besides: Stoppable[] = [];

  /** Told when they begin to start: a stop that comes meanwhile stops them when they stand. */
  async startingServers(starting: Promise<Servers>): Promise<Servers> {
    this.#starting = starting.catch(() => null);
    return (this.servers = await starting);
  }

  /** API first, then the worker, which finishes what it has begun; then the servers. */
  async stop(): Promise<void> {
    const { api, worker } = this;
    await this.claim?.tell('stopping');
    try {
      if (api) await progress('stopping the API', () => api.stop());
      if (worker) await progress('letting the worker finish', () => worker.stop());
      for (const part of this.besides) await part.stop();
    } finally {
      await this.stopServers();
    }
  }

  /** Leaves the polite part out. */
  async stopServers(): Promise<void> {
    const { claim, dataDir } = this;
    const servers = this.servers ?? (await Promise.race([this.#starting, sleep(halfWayMs, null, { ref: false })]));
    try {
      if (servers) await progress('stopping the servers', () => servers.stop());
      else if (claim && dataDir) await stopRecordedServers(dataDir);
    } finally {
      await this.claim?.release();
    }
  }
}
