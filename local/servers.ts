import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { stoppingPostgres } from './postgres/cluster.ts';
import { postgresRecord, startPostgres } from './postgres.ts';
import { settlePort } from './ports.ts';
import { readLiving, removeRecord, stopProcess } from './processes.ts';
import { startTemporal, stoppingTemporal, temporalRecord } from './temporal.ts';

export interface ServerPorts {
  /** Chosen by somebody: a port that is taken is an error. */
  chosen?: { postgres?: number | undefined; temporal?: number | undefined; temporalUi?: number | undefined };
  /** Taken when they are free. */
  usual?: { postgres: number; temporal: number; temporalUi: number };
}

export interface ServersOptions {
  dataDir: string;
  ports?: ServerPorts;
  /** See {@link startPostgres}. */
  durable?: boolean;
  /** See {@link startPostgres}. */
  archives?: boolean;
  /** Servers that run elsewhere are not started here. */
  existing?: { adminUrl?: string | undefined; temporalAddress?: string | undefined; uiUrl?: string | undefined };
  /** See {@link startTemporal}. */
  publicUrl?: string;
  env?: NodeJS.ProcessEnv;
}

export interface Servers {
  adminUrl: string;
  temporalAddress: string;
  /** Null when an existing Temporal server has no page that we were told of. */
  uiUrl: string | null;
  /** The processes started or adopted here, by name. */
  pids: Record<string, number>;
  stop(): Promise<void>;
}

/** PostgreSQL and Temporal, side by side; if one cannot start, the other does not stay. */
export async function startServers(options: ServersOptions): Promise<Servers> {
  const {
    dataDir,
    ports = {},
    durable = true,
    archives = false,
    existing = {},
    publicUrl,
    env = process.env,
  } = options;
  const { chosen = {}, usual } = ports;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });

  const postgres = existing.adminUrl
    ? Promise.resolve(null)
    : startPostgres({
        dataDir,
        durable,
        archives,
        choosePort: () =>
          settlePort({
            variable: 'TENANTRY_POSTGRES_PORT',
            what: 'PostgreSQL',
            chosen: chosen.postgres,
            usual: usual?.postgres,
          }),
      });
  const temporal = existing.temporalAddress
    ? Promise.resolve(null)
    : startTemporal({
        dataDir,
        durable,
        publicUrl,
        env,
        choosePorts: async () => ({
          grpc: await settlePort({
            variable: 'TENANTRY_TEMPORAL_PORT',
            what: 'Temporal',
            chosen: chosen.temporal,
            usual: usual?.temporal,
          }),
          ui: await settlePort({
            variable: 'TENANTRY_TEMPORAL_UI_PORT',
            what: "Temporal's Web UI",
            chosen: chosen.temporalUi,
            usual: usual?.temporalUi,
          }),
        }),
      });

  const outcomes = await Promise.allSettled([postgres, temporal]);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  const started = outcomes.flatMap((outcome) =>
    outcome.status === 'fulfilled' && outcome.value ? [outcome.value] : [],
  );
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((server) => server.stop()));
  };
  if (failed) {
    await stop();
    throw failed.reason;
  }
  const [database, workflows] = [await postgres, await temporal];
  return {
    adminUrl: database?.adminUrl ?? existing.adminUrl!,
    temporalAddress: workflows?.address ?? existing.temporalAddress!,
    uiUrl: workflows?.uiUrl ?? existing.uiUrl ?? null,
    pids: {
      ...(database ? { postgres: database.pid } : {}),
      ...(workflows ? { temporal: workflows.pid } : {}),
    },
    stop,
  };
}

/** For a start that was broken off: whatever it, or one before it, has left running on this data folder. */
export async function stopRecordedServers(dataDir: string): Promise<void> {
  const runDir = join(dataDir, 'run');
  for (const [name, asking] of [
    [postgresRecord, stoppingPostgres],
    [temporalRecord, stoppingTemporal],
  ] as const) {
    const living = await readLiving(runDir, name);
    if (living) await stopProcess(living, asking);
    await removeRecord(runDir, name);
  }
}
