import { execFile, spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import pg from 'pg';
import { stringify } from 'yaml';
import { checkout } from '#local/paths.ts';
import { portIsFree } from '#local/ports.ts';
import { describeProcess, isAlive, stopProcess, type ProcessRecord } from '#local/processes.ts';
import { prepareTemporal } from '#local/temporalSetUp.ts';
import { temporalServerTools, type TemporalServerTools } from './temporalServerTools.ts';

const run = promisify(execFile);
const startMs = 60_000;

export interface TemporalOnPostgres {
  address: string;
  pid: number;
  /** Where the server writes its log. */
  log: string;
  /** Stops the server and drops its role and databases. */
  stop(): Promise<void>;
}

interface Databases {
  role: string;
  password: string;
  temporal: string;
  visibility: string;
}

/**
 * The Temporal server of production, on its own role and two databases of an existing PostgreSQL, with the schema set-up
 * and the dynamic configuration of `deploy/`, the namespace and the search attributes. Fails where it cannot be had.
 *
 * @param adminUrl may create roles and databases
 * @param dir for configuration and log; the caller removes it
 */
export async function startTemporalOnPostgres(options: {
  adminUrl: string;
  dir: string;
  namespace?: string;
  historyShards?: number;
}): Promise<TemporalOnPostgres> {
  const { adminUrl, dir, namespace = 'default', historyShards = 4 } = options;
  const tools = await temporalServerTools();
  const name = `temporal_${randomBytes(4).toString('hex')}`;
  const databases = {
    role: name,
    password: randomBytes(18).toString('base64url'),
    temporal: name,
    visibility: `${name}_visibility`,
  };
  await createRole(adminUrl, databases);
  let record: ProcessRecord | null = null;
  const stop = async (): Promise<void> => {
    if (record) await stopProcess(record, [{ signal: 'SIGTERM', patienceMs: 15_000 }]);
    await dropRole(adminUrl, databases);
  };
  try {
    await setUpSchemas(tools, adminUrl, databases);
    const { address, log, ...configuration } = await writeConfiguration({ dir, adminUrl, databases, historyShards });
    record = await startServer(tools.server, configuration.root, log);
    await untilItServes(address, record, log);
    await prepareTemporal({ address, namespace });
    return { address, pid: record.pid, log, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The same statement as deploy/postgres/createTemporalRole.sh. */
async function createRole(adminUrl: string, { role, password }: Databases): Promise<void> {
  await asAdmin(adminUrl, [
    `create role ${role} login createdb nosuperuser nocreaterole password ${pg.escapeLiteral(password)}`,
  ]);
}

async function dropRole(adminUrl: string, { role, temporal, visibility }: Databases): Promise<void> {
  await asAdmin(adminUrl, [
    `drop database if exists ${temporal} with (force)`,
    `drop database if exists ${visibility} with (force)`,
    `drop role if exists ${role}`,
  ]);
}

async function asAdmin(adminUrl: string, statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

async function setUpSchemas(tools: TemporalServerTools, adminUrl: string, databases: Databases): Promise<void> {
  const { hostname, port } = new URL(adminUrl);
  const env = {
    PATH: `${tools.toolsDir}:${process.env['PATH']}`,
    TEMPORAL_SCHEMA_DIR: tools.schemaDir,
    POSTGRES_SEEDS: hostname,
    DB_PORT: port || '5432',
    POSTGRES_USER: databases.role,
    POSTGRES_PWD: databases.password,
    DBNAME: databases.temporal,
    VISIBILITY_DBNAME: databases.visibility,
  };
  await run('sh', [join(checkout, 'deploy', 'temporal', 'setUpSchemas.sh')], {
    env,
    maxBuffer: 16 * 1024 * 1024,
  }).catch((cause: { stdout: string; stderr: string }) => {
    const said = `${cause.stdout}${cause.stderr}`.trim().split('\n').slice(-8).join('\n');
    throw new Error(`Temporal's schemas could not be set up:\n${said}`, { cause });
  });
}

async function writeConfiguration(wanted: {
  dir: string;
  adminUrl: string;
  databases: Databases;
  historyShards: number;
}): Promise<{ root: string; address: string; log: string }> {
  const { dir, adminUrl, databases, historyShards } = wanted;
  const { hostname, port } = new URL(adminUrl);
  const roles = ['frontend', 'history', 'matching', 'worker'] as const;
  const ports = await freeSmallPorts(roles.length * 2 + 1);
  const store = (databaseName: string, maxConns: number) => ({
    sql: {
      pluginName: 'postgres12',
      connectAddr: `${hostname}:${port || 5432}`,
      connectProtocol: 'tcp',
      databaseName,
      user: databases.role,
      password: databases.password,
      maxConns,
      maxIdleConns: maxConns,
      maxConnLifetime: '1h',
    },
  });
  const services = Object.fromEntries(
    roles.map((role, index) => [
      role,
      { rpc: { grpcPort: ports[index * 2], membershipPort: ports[index * 2 + 1], bindOnIP: '127.0.0.1' } },
    ]),
  );
  Object.assign(services['frontend']!.rpc, { httpPort: ports.at(-1) });
  const address = `127.0.0.1:${ports[0]}`;
  const configuration = {
    log: { stdout: true, level: 'warn' },
    persistence: {
      defaultStore: 'default',
      visibilityStore: 'visibility',
      numHistoryShards: historyShards,
      datastores: { default: store(databases.temporal, 20), visibility: store(databases.visibility, 5) },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' } },
    services,
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: { enabled: true, initialFailoverVersion: 1, rpcName: 'frontend', rpcAddress: address },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    archival: { history: { state: 'disabled' }, visibility: { state: 'disabled' } },
    dynamicConfigClient: {
      filepath: join(checkout, 'deploy', 'temporal', 'dynamicConfig.yaml'),
      pollInterval: '60s',
    },
  };
  const root = join(dir, databases.role);
  await mkdir(join(root, 'config'), { recursive: true, mode: 0o700 });
  await writeFile(join(root, 'config', 'test.yaml'), stringify(configuration), { mode: 0o600 });
  return { root, address, log: join(root, 'log') };
}

/** The server keeps its members' ports in a `smallint`: none above 32767, where the system takes its free ones from. */
async function freeSmallPorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(20_000, 32_768);
    if (await portIsFree(port)) ports.add(port);
  }
  return [...ports];
}

async function startServer(server: string, root: string, log: string): Promise<ProcessRecord> {
  const output = openSync(log, 'a', 0o600);
  try {
    const child = spawn(server, ['--root', root, '--env', 'test', '--allow-no-auth', 'start'], {
      cwd: root,
      stdio: ['ignore', output, output],
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(TEMPORAL|SQL)_/.test(name))),
    });
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    child.unref();
    return await describeProcess(child.pid!);
  } finally {
    closeSync(output);
  }
}

async function untilItServes(address: string, record: ProcessRecord, log: string): Promise<void> {
  let refusal: unknown;
  for (const deadline = Date.now() + startMs; Date.now() < deadline && (await isAlive(record)); await sleep(200)) {
    try {
      const connection = await Connection.connect({ address, connectTimeout: 2_000 });
      try {
        await connection.workflowService.describeNamespace({ namespace: 'temporal-system' });
        return;
      } finally {
        await connection.close();
      }
    } catch (error) {
      refusal = error;
    }
  }
  const lines = (await readFile(log, 'utf8')).trim().split('\n').slice(-8);
  const said = lines.map((line) => line.slice(0, 400)).join('\n');
  throw new Error(`Temporal on PostgreSQL did not start (${String(refusal)}). The end of ${log}:\n${said}`);
}
