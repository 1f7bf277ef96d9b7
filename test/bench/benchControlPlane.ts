import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { openRegistry } from '#domain/database.ts';
import { createOwner } from '#domain/people/ownership.ts';
import { migrate, setUpDatabase, type DatabaseUrls } from '#migrations/setUp.ts';
import { ApiClient } from './apiClient.ts';
import type { Bench } from './figure.ts';

/** Which roles share a process. */
export type Layout = 'api+worker' | 'api, worker' | 'api' | 'api, api, worker';

const owner = { email: 'bench@example.com', password: 'a password for the bench' };
const startMs = 60_000;

/** An installation of its own on the bench's servers, in processes of their own, so that measuring takes no time from them. */
export class BenchControlPlane {
  readonly urls: DatabaseUrls;
  /** Of the first process that serves the API, and of each. */
  readonly url: string;
  readonly apiUrls: string[];
  readonly api: ApiClient;
  /** By roles. */
  readonly pids: Record<string, number>;
  readonly #processes: ChildProcess[];

  private constructor(urls: DatabaseUrls, apiUrls: string[], api: ApiClient, processes: Map<string, ChildProcess>) {
    this.urls = urls;
    this.url = apiUrls[0]!;
    this.apiUrls = apiUrls;
    this.api = api;
    this.pids = Object.fromEntries([...processes].map(([roles, child]) => [roles, child.pid!]));
    this.#processes = [...processes.values()];
  }

  static async start(bench: Bench, layout: Layout, more: Record<string, string> = {}): Promise<BenchControlPlane> {
    const name = `bench_${randomBytes(4).toString('hex')}`;
    const password = () => randomBytes(12).toString('hex');
    const urls = await setUpDatabase({
      adminUrl: bench.servers.adminUrl,
      database: name,
      rolePrefix: name,
      passwords: { migrator: password(), app: password(), provisioner: password(), reader: password() },
    });
    await migrate(urls);
    const registry = await openRegistry(urls.appUrl, { poolSize: 1 });
    await createOwner(registry.em.fork(), owner.email, owner.password);
    await registry.close(true);

    const env = {
      ...process.env,
      TENANTRY_APP_DATABASE_URL: urls.appUrl,
      TENANTRY_PROVISIONER_DATABASE_URL: urls.provisionerUrl,
      TENANTRY_READER_DATABASE_URL: urls.readerUrl,
      TENANTRY_MASTER_KEY: randomBytes(32).toString('base64'),
      TENANTRY_DATA_DIR: await mkdtemp(join(bench.place, 'data-')),
      TENANTRY_PORT: '0',
      TENANTRY_WORKFLOW_BUNDLE: bench.workflowBundle,
      TENANTRY_WEB_BUILD: bench.webBuild,
      TENANTRY_TASK_QUEUE: name,
      TENANTRY_LOG_LEVEL: 'warn', // as npm start has it
      TEMPORAL_ADDRESS: bench.servers.temporalAddress,
      ...more,
    };
    const writesLog = env['TENANTRY_LOG_LEVEL'] === 'info';
    const log = writesLog ? openSync(join(bench.place, `${name}.log`), 'w') : 'inherit';
    const processes = new Map<string, ChildProcess>();
    try {
      const apiUrls: string[] = [];
      for (const roles of layout.split(', ')) {
        const child = fork(join(import.meta.dirname, 'rolesProcess.ts'), {
          env: { ...env, BENCH_ROLES: roles },
          stdio: ['ignore', log, 'inherit', 'ipc'],
        });
        processes.set(processes.has(roles) ? `${roles} ${processes.size + 1}` : roles, child);
        const { url } = await readyOf(child, roles);
        if (url) apiUrls.push(url);
      }
      const [url] = apiUrls;
      if (!url) throw new Error(`no process of "${layout}" serves the API`);
      return new BenchControlPlane(urls, apiUrls, await ApiClient.signIn(url, owner), processes);
    } catch (error) {
      await end([...processes.values()]);
      throw error;
    }
  }

  async stop(): Promise<void> {
    await end(this.#processes);
  }
}

export async function readyOf(child: ChildProcess, roles: string): Promise<{ url: string | null }> {
  const signal = AbortSignal.timeout(startMs);
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`the process "${roles}" ended with ${code} before it was ready`);
  });
  ended.catch(() => undefined);
  const [message] = (await Promise.race([once(child, 'message', { signal }), ended])) as [{ url: string | null }];
  return message;
}

export async function end(processes: ChildProcess[]): Promise<void> {
  for (const child of processes.toReversed()) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 30_000);
    await gone;
    clearTimeout(late);
  }
}
