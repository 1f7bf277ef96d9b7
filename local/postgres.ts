import { readFile, realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { postgresBinaries, reachablePlace, serverUser } from './postgres/binaries.ts';
import { initialise, settlePidFile, startServer, stoppingPostgres, writeSettings } from './postgres/cluster.ts';
import { settleSpool } from './postgres/spool.ts';
import { homeOf } from './postgres/home.ts';
import { refuseOtherMajor } from './postgres/majorVersion.ts';
import { settleSwitch } from './postgres/upgrade/switchClusters.ts';
import { describeProcess, readLiving, removeRecord, stopProcess, writeRecord } from './processes.ts';
import type { ProcessRecord } from './processes.ts';
import { note, progress } from './progress.ts';

export const postgresRecord = 'postgres';

/** For a server that does not even answer. */
const endingPostgres = [
  { signal: 'SIGINT', patienceMs: 3_000 },
  { signal: 'SIGQUIT', patienceMs: 2_000 },
] as const;

export interface RunningPostgres {
  adminUrl: string;
  port: number;
  pid: number;
  adopted: boolean;
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** The folder that everything of this installation lies under. */
  dataDir: string;
  /** Called when a new server is started, not when a living one is adopted. */
  choosePort: () => Promise<number>;
  /** False only where losing the last second in a power cut is no loss: tests. A killed process loses nothing either way. */
  durable?: boolean;
  /** The server puts its log aside, for somebody who takes it away: a spool that nobody empties fills the disk. */
  archives?: boolean;
}

/** Starts the embedded PostgreSQL in a session of its own, or adopts the one that an earlier launcher left running. */
export async function startPostgres({
  dataDir,
  choosePort,
  durable = true,
  archives = false,
}: PostgresOptions): Promise<RunningPostgres> {
  const runDir = join(dataDir, 'run');
  const living = await readLiving(runDir, postgresRecord);
  if (living) {
    const adopted = await adopt(living, runDir);
    if (adopted) return adopted;
    note(`stopping PostgreSQL (process ${living.pid}), which an earlier start left and which does not answer`);
    await stopProcess(living, endingPostgres);
  }
  const user = await serverUser();
  const bin = await postgresBinaries(user);
  const home = await homeOf(dataDir, user);
  const data = join(home, 'data');
  const upgrade = await settleSwitch(home, user);
  if (upgrade?.phase === 'kept')
    note(
      `PostgreSQL's data was moved from ${upgrade.from} to ${upgrade.to}; the old is kept: npm run tenantry -- postgres forget`,
    );
  await refuseOtherMajor({ bin, home, data, user });
  await initialise({ bin, home, data, user });
  const password = await readFile(join(home, 'password'), 'utf8');
  return progress('PostgreSQL', async () => {
    const port = await choosePort();
    const archiving = archives ? await settleSpool(home, user) : null;
    await writeSettings({ data, port, durable, user, archiving });
    await settlePidFile(data);
    await startServer({ bin, home, data, user });
    const pid = Number((await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')[0]);
    const record = await describeProcess(pid, { port: String(port), home });
    await writeRecord(runDir, postgresRecord, record);
    return running({ record, runDir, port, password, adopted: false });
  });
}

async function adopt(record: ProcessRecord, runDir: string): Promise<RunningPostgres | null> {
  const { home = '', port = '' } = record.details;
  const password = await readFile(join(home, 'password'), 'utf8').catch(() => null);
  if (password === null) return null;
  const server = running({ record, runDir, port: Number(port), password, adopted: true });
  if (!(await answers(server.adminUrl))) return null;
  note(`PostgreSQL still runs (process ${record.pid}) and is used again`);
  return server;
}

function running(server: {
  record: ProcessRecord;
  runDir: string;
  port: number;
  password: string;
  adopted: boolean;
}): RunningPostgres {
  const { record, runDir, port, password, adopted } = server;
  return {
    adminUrl: `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`,
    port,
    pid: record.pid,
    adopted,
    async stop() {
      await stopProcess(record, stoppingPostgres);
      await removeRecord(runDir, postgresRecord);
    },
  };
}

async function answers(url: string): Promise<boolean> {
  const deadline = Date.now() + 5000;
  do {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000, query_timeout: 2000 });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query('select 1');
      return true;
    } catch {
      await sleep(200);
    } finally {
      await client.end().catch(() => {});
    }
  } while (Date.now() < deadline);
  return false;
}

/** Removes the embedded server's data wherever it lies; for throw-away installations, once the server has stopped. */
export async function removePostgresData(dataDir: string): Promise<void> {
  const home = join(dataDir, 'postgres');
  const actual = await realpath(home).catch(() => null);
  if (actual && dirname(dirname(actual)) === reachablePlace)
    await rm(dirname(actual), { recursive: true, force: true });
  await rm(home, { recursive: true, force: true });
}
