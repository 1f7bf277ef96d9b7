import type { FolderClaim } from './folderClaim.ts';
import { progress } from '../progress.ts';
import { stopRecordedServers, type Servers } from '../servers.ts';

interface Stoppable {
  stop(): Promise<void>;
}

/** What has been started so far, so that a stop in the middle of a start leaves nothing behind. */
export class StartedParts {
  dataDir: string | null = null;
  claim: FolderClaim | null = null;
  servers: Servers | null = null;
  api: Stoppable | null = null;
  worker: (Stoppable & { ended: Promise<void> }) | null = null;
  /** Metrics and traces: they tell of the stop as well, so they end after it. */
  readonly besides: Stoppable[] = [];

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
    const { servers, claim, dataDir } = this;
    try {
      if (servers) await progress('stopping the servers', () => servers.stop());
      else if (claim && dataDir) await stopRecordedServers(dataDir);
    } finally {
      await this.claim?.release();
    }
  }
}
