import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeProcess, isAlive, readLiving, removeRecord, stopProcess, writeRecord } from './processes.ts';
import type { ProcessRecord } from './processes.ts';
import { note, progress, SetupError } from './progress.ts';
import { searchAttributeNames } from '#temporal/searchAttributes.ts';
import { findTemporalCli } from './temporalCli.ts';

export const temporalRecord = 'temporal';
export const stoppingTemporal = [{ signal: 'SIGTERM', patienceMs: 10_000 }] as const;
const startMs = 60_000;

/**
 * The development server has one history shard, whose task queues are polled 20 times a second by default: each dispatch
 * would wait up to 50 ms. SQLite writes ahead.
 */
const settings = [
  ...[
    'history.transferProcessorMaxPollRPS=2000',
    'history.transferProcessorMaxPollHostRPS=5000',
    // The worker that asks for an activity may begin it at once: two round trips less for each.
    'system.enableActivityEagerExecution=true',
  ].flatMap((value) => ['--dynamic-config-value', value]),
  ...['--sqlite-pragma', 'journal_mode=WAL'],
  ...searchAttributeNames.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
];

const startTries = 3;

export interface RunningTemporal {
  address: string;
  uiUrl: string;
  pid: number;
  adopted: boolean;
  stop(): Promise<void>;
}

export interface TemporalOptions {
  dataDir: string;
  /** Called when a new server is started, not when a living one is adopted. */
  choosePorts: () => Promise<{ grpc: number; ui: number }>;
  /** Tenantry's own address: its codec opens histories for the UI, which has the same host, so that the sign-in comes along. */
  publicUrl?: string | undefined;
  /** False only where losing the last second in a power cut is no loss: tests. Else every commit is synced. */
  durable?: boolean;
  env?: NodeJS.ProcessEnv;
}

/** Starts Temporal's development server in a session of its own, or adopts the one that an earlier launcher left running. */
export async function startTemporal({
  dataDir,
  choosePorts,
  publicUrl,
  durable = true,
  env = process.env,
}: TemporalOptions): Promise<RunningTemporal> {
  const runDir = join(dataDir, 'run');
  const living = await readLiving(runDir, temporalRecord);
  if (living) {
    if (await answers(Number(living.details.port), 5000, living)) {
      note(`Temporal still runs (process ${living.pid}) and is used again`);
      return running(living, { runDir, publicUrl, adopted: true });
    }
    note(`stopping Temporal (process ${living.pid}), which an earlier start left and which does not answer`);
    await stopProcess(living, stoppingTemporal);
  }
  const binary = await findTemporalCli(env);
  return progress('Temporal', async () => {
    const home = join(dataDir, 'temporal');
    await mkdir(home, { recursive: true, mode: 0o700 });
    const log = join(home, 'log');
    for (let attempt = 1; ; attempt += 1) {
      const { grpc, ui } = await choosePorts();
      const logged = await stat(log).then(
        (file) => file.size,
        () => 0,
      );
      const record = await spawnServer({ binary, home, log, grpc, ui, publicUrl, durable, env });
      await writeRecord(runDir, temporalRecord, record);
      if (await answers(grpc, startMs, record)) return running(record, { runDir, publicUrl, adopted: false });
      await stopProcess(record, []);
      await removeRecord(runDir, temporalRecord);
      const said = (await readFile(log, 'utf8')).slice(logged).trim();
      // Ports that nobody chooses it takes by itself, and between its look and its use another program may have one.
      if (attempt < startTries && said.includes('address already in use')) continue;
      throw new SetupError(`Temporal did not start. The end of ${log}:\n${said.split('\n').slice(-8).join('\n')}`);
    }
  });
}

const running = (
  record: ProcessRecord,
  { runDir, publicUrl, adopted }: { runDir: string; publicUrl: string | undefined; adopted: boolean },
): RunningTemporal => ({
  address: `127.0.0.1:${record.details.port}`,
  uiUrl: `http://${uiHostOf(publicUrl)}:${record.details.uiPort}`,
  pid: record.pid,
  adopted,
  async stop() {
    await stopProcess(record, stoppingTemporal);
    await removeRecord(runDir, temporalRecord);
  },
});

/** Cookies belong to a host, whatever the port: under another name for this machine the UI would not be signed in. */
function uiHostOf(publicUrl: string | undefined): string {
  const host = publicUrl ? new URL(publicUrl).hostname : '127.0.0.1';
  return host === 'localhost' ? host : '127.0.0.1';
}

async function spawnServer(server: {
  binary: string;
  home: string;
  log: string;
  grpc: number;
  ui: number;
  publicUrl: string | undefined;
  durable: boolean;
  env: NodeJS.ProcessEnv;
}): Promise<ProcessRecord> {
  const { binary, home, log, grpc, ui, publicUrl, durable, env } = server;
  const place = [
    '--db-filename',
    join(home, 'temporal.db'),
    '--ip',
    '127.0.0.1',
    '--port',
    `${grpc}`,
    '--ui-port',
    `${ui}`,
    ...['--sqlite-pragma', `synchronous=${durable ? 2 : 0}`],
    ...(publicUrl ? ['--ui-codec-endpoint', `${publicUrl}/api/v1/codec`] : []),
  ];
  const output = openSync(log, 'a', 0o600);
  try {
    const child = spawn(binary, ['server', 'start-dev', ...place, ...settings, '--log-level', 'error'], {
      cwd: home,
      detached: true,
      stdio: ['ignore', output, output],
      // TEMPORAL_… variables tell clients where to go; the command would read them too.
      env: Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_'))),
    });
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    child.unref();
    return await describeProcess(child.pid!, { port: String(grpc), uiPort: String(ui) });
  } finally {
    closeSync(output);
  }
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1000 });
    const settle = (is: boolean) => () => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', settle(true)).once('error', settle(false)).once('timeout', settle(false));
  });

/** True once the default namespace can be described: the port alone is open before the server can serve. */
async function answers(port: number, patienceMs: number, record: ProcessRecord): Promise<boolean> {
  const { Connection } = await import('@temporalio/client');
  const deadline = Date.now() + patienceMs;
  for (; Date.now() < deadline && (await isAlive(record)); await sleep(50)) {
    if (!(await accepts(port))) continue;
    try {
      const connection = await Connection.connect({ address: `127.0.0.1:${port}`, connectTimeout: 2000 });
      try {
        await connection.withDeadline(Date.now() + 2000, () =>
          connection.workflowService.describeNamespace({ namespace: 'default' }),
        );
        return true;
      } finally {
        await connection.close();
      }
    } catch {
      // Not yet: asked again until the deadline.
    }
  }
  return false;
}
