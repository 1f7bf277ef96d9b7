import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { checkout } from '#local/paths.ts';
import { freePorts } from '#local/ports.ts';
import { removePostgresData } from '#local/postgres.ts';
import { stopRecordedServers } from '#local/servers.ts';
import { percentile, type Figure } from './figure.ts';

const times = 3;
const readyMs = 120_000;

/** `npm start` on a folder that was used before, to its ready line, with its servers stopped in between. */
export const warmStart: Figure = {
  name: 'warmStart',
  async measure({ place }) {
    const dataDir = await mkdtemp(join(place, 'start-'));
    const seconds: number[] = [];
    try {
      await startAndStop(dataDir); // creates the cluster and the database
      for (let i = 0; i < times; i++) seconds.push(await startAndStop(dataDir));
    } finally {
      await stopRecordedServers(dataDir);
      await removePostgresData(dataDir);
    }
    return [
      { what: 'npm start to its ready line, p50', value: percentile(seconds, 0.5), unit: 's', n: times },
      { what: 'npm start, slowest', value: Math.max(...seconds), unit: 's', n: times, limit: { atMost: 8 } },
    ];
  },
};

async function startAndStop(dataDir: string): Promise<number> {
  const [port, metrics, postgres, temporal, ui] = await freePorts(5);
  const began = performance.now();
  const child = spawn('npm', ['start', '--silent'], {
    cwd: checkout,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      TENANTRY_LAUNCHER_PID: '',
      TENANTRY_DATA_DIR: dataDir,
      TENANTRY_PORT: String(port),
      TENANTRY_METRICS_PORT: String(metrics),
      TENANTRY_POSTGRES_PORT: String(postgres),
      TENANTRY_TEMPORAL_PORT: String(temporal),
      TENANTRY_TEMPORAL_UI_PORT: String(ui),
    },
  });
  const gone = once(child, 'exit');
  try {
    await untilReady(child);
    return (performance.now() - began) / 1000;
  } finally {
    child.kill('SIGTERM');
    await gone;
  }
}

async function untilReady(child: ChildProcess): Promise<void> {
  const said: string[] = [];
  child.stderr!.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  const late = setTimeout(() => child.kill('SIGTERM'), readyMs);
  try {
    for await (const line of createInterface(child.stdout!)) {
      if (line.startsWith('Tenantry is ready at ')) return;
      said.push(`${line}\n`);
    }
  } finally {
    clearTimeout(late);
    child.stdout!.resume();
  }
  throw new Error(`npm start ended before it was ready:\n${said.join('').slice(-2000)}`);
}
