import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createOwner } from '#domain/people/ownership.ts';
import { ask, owner, type Answer, type Asking } from '#test/api/apiInstallation.ts';
import type { Ground } from '../ground.ts';
import type { Random } from '../random.ts';

export const victims = ['worker', 'API', 'Temporal', 'PostgreSQL'] as const;
export type Victim = (typeof victims)[number];

/** From ready of the restarted process to the end of what it interrupted (drills.md, D1). */
export const recoverySeconds: Record<Victim, number> = { worker: 4, API: 4, Temporal: 12, PostgreSQL: 5 };

/** The API as a process of its own, to be killed. */
export class ApiProcess {
  readonly #env: Record<string, string>;
  #child: ChildProcess | null = null;
  #url = '';
  #cookie = '';

  private constructor(env: Record<string, string>) {
    this.#env = env;
  }

  static async start({ installation }: Ground, env: Record<string, string> = {}): Promise<ApiProcess> {
    const api = new ApiProcess({ ...installation.env, ...env });
    await api.restart();
    await createOwner(installation.em, owner.email, owner.password).catch(() => undefined); // there already
    const { headers, text } = await ask(api.#url, 'POST', '/api/v1/session', { body: owner });
    api.#cookie = headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    if (!api.#cookie) throw new Error(`the sign-in of the drill was refused: ${text}`);
    return api;
  }

  get url(): string {
    return this.#url;
  }

  /** As the owner. */
  ask<Body = Record<string, unknown>>(method: string, path: string, asking: Asking = {}): Promise<Answer<Body>> {
    return ask<Body>(this.#url, method, path, { cookie: this.#cookie, ...asking });
  }

  /** Resolves when it serves. */
  async restart(): Promise<void> {
    this.#child = fork(join(import.meta.dirname, 'apiProcess.ts'), {
      env: { ...process.env, ...this.#env },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const ended = once(this.#child, 'exit').then(([code]) => {
      throw new Error(`the API process ended with ${code} before it was ready`);
    });
    ended.catch(() => undefined);
    const [message] = (await Promise.race([once(this.#child, 'message'), ended])) as [{ url: string }];
    this.#url = message.url;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
}

/** Kills, lets what is held go on where somebody is left to go on, and restarts. Returns when it is ready again, as a time of the clock. */
export async function strike(
  ground: Ground,
  victim: Victim,
  { api, random }: { api: ApiProcess | null; random: Random },
): Promise<number> {
  const { servers, worker } = ground;
  switch (victim) {
    case 'worker':
      await worker.kill();
      await ground.startWorker();
      return Date.now();
    case 'API':
      if (!api) throw new Error('there is no API to kill');
      await api.kill();
      await api.restart();
      await worker.goOn();
      return Date.now();
    case 'Temporal': {
      await servers.killTemporal();
      // Either the calls report to nobody, or they are given up by heartbeat and meet their next attempt.
      const reportsToNobody = random.next() < 0.5;
      if (reportsToNobody) await worker.goOn();
      await servers.startTemporal();
      const readyAt = Date.now();
      if (!reportsToNobody) await worker.goOn();
      return readyAt;
    }
    case 'PostgreSQL': {
      await servers.killPostgres();
      await worker.goOn();
      await servers.startPostgres();
      return Date.now();
    }
  }
}
