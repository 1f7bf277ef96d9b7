import type { Platform } from '#domain/platform.ts';
import { noteServer, primariesOf, storesAt, type SeenServer } from '#domain/replication/serverRows.ts';
import type { Logger } from '#observability/logging.ts';
import { forgetStandby, reportStandby } from '#observability/recovery/replicationMetrics.ts';
import type { StoreConnections } from '#providers/database/stores/storeConnections.ts';
import { lagBytesOf, LagClock, samplePair } from '#providers/replication/lag.ts';
import { addressOf, type DatabaseServer, type DatabaseServers } from '#providers/replication/servers.ts';
import { identify, type ServerIdentity } from '#providers/replication/identity.ts';

const followMs = 500;
const sampleMs = 1_000;

interface Watched {
  platform: Pick<Platform, 'registry' | 'configuration'>;
  servers: DatabaseServers;
  connections: readonly StoreConnections[];
  logger: Logger;
}

/**
 * Looks where the data stores are, twice a second, and moves this process's connections there; and measures how far standbys are behind. Every
 * worker does both: whoever was away when servers moved learns it before it connects again.
 */
export function startReplicationWatch(watched: Watched): { stop(): Promise<void> } {
  const { logger } = watched;
  const stopping = new AbortController();
  const sampler = new Sampler(watched);
  const loop = async (what: string, everyMs: number, act: () => Promise<void>): Promise<void> => {
    while (!stopping.signal.aborted) {
      await act().catch((error: unknown) => logger.warn({ err: error }, `${what} failed; it is tried again`));
      await new Promise<void>((resume) => {
        const timer = setTimeout(resume, everyMs);
        stopping.signal.addEventListener('abort', () => (clearTimeout(timer), resume()), { once: true });
      });
    }
  };
  const running = Promise.all([
    loop('looking where the data stores are', followMs, () => followStores(watched)),
    loop('measuring standbys', sampleMs, () => sampler.look()),
  ]);
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** Also called before a worker takes any work: its configuration may name a server that was fenced since. */
export async function followStores({
  platform,
  connections,
}: Pick<Watched, 'platform' | 'connections'>): Promise<void> {
  const at = await storesAt(platform.registry.em.fork());
  if (at) for (const one of connections) one.moveTo(at);
}

/** Measures each pair of servers of one cluster that the file of servers describes. */
export class Sampler {
  readonly #watched: Pick<Watched, 'platform' | 'servers'>;
  readonly #clocks = new Map<string, LagClock>();

  constructor(watched: Pick<Watched, 'platform' | 'servers'>) {
    this.#watched = watched;
  }

  async look(): Promise<void> {
    const { platform, servers } = this.#watched;
    const all = await servers.all();
    if (all.length === 0) return;
    const seen = await Promise.all(
      all.map(async (server) => ({ server, identity: await identify(server, { connectMs: 2_000 }).catch(() => null) })),
    );
    const em = () => platform.registry.em.fork();
    // Primaries first: whoever follows one refers to it.
    for (const one of seen.filter(({ identity }) => identity && !identity.inRecovery))
      await noteServer(em(), { ...blank(one.server), identity: one.identity, state: 'ok' });
    for (const one of seen.filter(({ identity }) => !identity))
      await noteServer(em(), { ...blank(one.server), state: 'silent', reason: 'It does not answer.' });
    const known = await primariesOf(em());
    for (const { server, identity } of seen) {
      const primary = identity?.inRecovery
        ? all.find(({ name }) => name === known.get(identity.systemIdentifier))
        : null;
      if (identity?.inRecovery)
        await this.#noteStandby(server, identity, primary?.name === server.name ? null : (primary ?? null));
      else forgetStandby(server.name);
    }
  }

  async #noteStandby(server: DatabaseServer, identity: ServerIdentity, primary: DatabaseServer | null): Promise<void> {
    const { platform } = this.#watched;
    const { maxLagBytes, maxLagSeconds } = platform.configuration.servers;
    const sample = primary ? await samplePair(primary, server) : null;
    const clock = this.#clocks.get(server.name) ?? new LagClock();
    this.#clocks.set(server.name, clock);
    const lagSeconds = sample ? clock.take(sample) : null;
    const lagBytes = sample ? lagBytesOf(sample) : null;
    const broken = sample === null
      ? 'Its primary is not known here.'
      : sample.slot === 'lost'
        ? 'The primary dropped log that it has not got: it has to be made anew.'
        : sample.primary === null
          ? 'Its primary does not answer.'
          : sample.stream === null
            ? 'It does not follow its primary: it is away, its disk is full, or its log tells why.'
            : null; // prettier-ignore
    const isBehind = (lagBytes ?? 0) > maxLagBytes || (lagSeconds ?? 0) > maxLagSeconds;
    const state: SeenServer['state'] = broken ? 'broken' : isBehind ? 'behind' : 'ok';
    reportStandby(server.name, { bytes: lagBytes, seconds: lagSeconds, isWell: state === 'ok' });
    await noteServer(platform.registry.em.fork(), {
      ...blank(server),
      identity: sample?.standby ?? identity,
      follows: primary?.name ?? null,
      synchronous: sample?.stream?.isSynchronous ?? false,
      primaryLsn: sample?.primary?.flushed ?? null,
      ...{ lagBytes, lagSeconds, state, reason: broken ?? (isBehind ? 'It is further behind than is allowed.' : null) },
    });
  }
}

const blank = (server: DatabaseServer): SeenServer => ({
  name: server.name,
  ...addressOf(server),
  ...{ identity: null, follows: null, synchronous: false, primaryLsn: null, lagBytes: null, lagSeconds: null },
  ...{ state: 'ok', reason: null },
});
