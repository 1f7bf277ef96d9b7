import { execFile } from 'node:child_process';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type pg from 'pg';
import { freePorts } from '../../ports.ts';
import { describeProcess, stopProcess } from '../../processes.ts';
import { note } from '../../progress.ts';
import type { ServerUser } from '../binaries.ts';
import { initialise, settlePidFile, startServer, stoppingPostgres, writeSettings, type Place } from '../cluster.ts';
import { own } from '../home.ts';

const run = promisify(execFile);

/** A cluster that nobody else is told of. */
export interface LentServer {
  /** How to reach one of its databases as the superuser. */
  to(database: string): pg.ClientConfig;
  stop(): Promise<void>;
}

/** On a port of its own, so that nobody finds it who knew it before; it takes no writes and starts no work of its own. */
export async function lendFormer(place: Place): Promise<LentServer> {
  return lend(place, { autovacuum: 'off', archive_mode: 'off', default_transaction_read_only: 'on' });
}

/** Made when it is not there. Nothing of it counts yet, so its log holds no more than it needs to come up again. */
export async function lendNext(place: Place, former: string): Promise<LentServer> {
  const { data, user } = place;
  await initialise(place, { keepsPassword: true });
  await writeSettings({ data, port: 5432, durable: true, user });
  await carrySettings(place, former);
  const sparing = { wal_level: 'minimal', max_wal_senders: '0', max_wal_size: '256MB', checkpoint_timeout: '1h' };
  return lend(place, { autovacuum: 'off', archive_mode: 'off', ...sparing });
}

async function lend(place: Place, settings: Record<string, string>): Promise<LentServer> {
  const { data, home } = place;
  const password = await readFile(join(home, 'password'), 'utf8');
  await settlePidFile(data);
  const [port = 0] = await freePorts(1);
  await startServer(place, { listen_addresses: '127.0.0.1', port: String(port), ...settings });
  const pid = Number((await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')[0]);
  const record = await describeProcess(pid);
  return {
    to: (database) => ({
      ...{ host: '127.0.0.1', port, user: 'postgres', password, database },
      ...{ connectionTimeoutMillis: 10_000, ssl: false, application_name: 'tenantry upgrade' },
    }),
    stop: () => stopProcess(record, stoppingPostgres),
  };
}

const include = "include = 'tenantry.conf'";
const carriedFrom = '# Carried over from PostgreSQL';

/** What somebody set by hand, below the include line or by ALTER SYSTEM, and who may sign in: as far as the new server understands it. */
async function carrySettings({ bin, data, user }: Place, former: string): Promise<void> {
  const file = join(data, 'postgresql.conf');
  const auto = join(data, 'postgresql.auto.conf');
  const [ownText = ''] = (await readFile(file, 'utf8')).split(carriedFrom);
  const [, byHand = ''] = (await readFile(join(former, 'postgresql.conf'), 'utf8')).split(include);
  const bySystem = await readFile(join(former, 'postgresql.auto.conf'), 'utf8');
  const write = async (carried: string, system: string) => {
    await writeFile(file, `${ownText.trimEnd()}\n${carriedFrom}\n${carried.trim()}\n`);
    await writeFile(auto, system);
    await own(auto, user);
  };
  await cp(join(former, 'pg_hba.conf'), join(data, 'pg_hba.conf'));
  await own(join(data, 'pg_hba.conf'), user);
  await write(byHand, bySystem);
  if (await isUnderstood({ bin, data, user })) return;
  note('settings made by hand are not all known to the new PostgreSQL: they lie as comments in its postgresql.conf');
  await write(`${byHand.trim()}\n${bySystem.trim()}`.replaceAll(/^/gm, '# '), '');
}

const isUnderstood = (place: { bin: string; data: string; user: ServerUser }): Promise<boolean> =>
  run(join(place.bin, 'postgres'), ['-D', place.data, '-C', 'data_directory'], { ...place.user, cwd: '/' }).then(
    () => true,
    () => false,
  );
