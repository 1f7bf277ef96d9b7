import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkout } from '#local/paths.ts';
import { waitedTooLong } from '#test/run/patience.ts';
import type { Entry } from '#domain/runbooks/filed/entries.ts';

/** Counts what is asked of it, by path; a path may be held until it is released. */
export class Counter {
  readonly calls: string[] = [];
  readonly #held = new Map<string, ServerResponse[]>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const path = request.url!;
      this.calls.push(path);
      const waiting = this.#held.get(path);
      if (waiting) waiting.push(response);
      else response.writeHead(path.includes('broken') ? 500 : 200).end('fine');
    });
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  count = (path: string): number => this.calls.filter((one) => one === path).length;
  hold(path: string): void {
    this.#held.set(path, []);
  }
  release(path: string): void {
    for (const response of this.#held.get(path) ?? []) response.end('fine');
    this.#held.delete(path);
  }
  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

export interface Came {
  code: number | null;
  said: string;
}

/** The command in a process of its own, which can be told lines and killed. */
export class Recovering {
  readonly process: ChildProcess;
  readonly over: Promise<Came>;
  said = '';

  constructor(args: string[], env: Record<string, string> = {}) {
    this.process = spawn(process.execPath, ['cli/main.ts', 'recover', ...args], {
      cwd: checkout,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TMPDIR: process.env['TMPDIR'], ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    for (const stream of [this.process.stdout!, this.process.stderr!])
      stream.on('data', (data: Buffer) => (this.said += data.toString()));
    this.over = once(this.process, 'close').then(([code]) => ({ code: code as number | null, said: this.said }));
  }

  type(...lines: string[]): void {
    this.process.stdin!.write(lines.map((line) => `${line}\n`).join(''));
  }
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.over;
  }
}

/** A folder of one test's own, with its runbook files and journals. */
export class RecoverGround {
  readonly counter = new Counter();
  folder = '';

  async start(): Promise<void> {
    this.folder = await mkdtemp(join(tmpdir(), 'tenantry-recover-'));
    await this.counter.start();
  }
  async stop(): Promise<void> {
    this.counter.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  async book(steps: object[], more: object = {}): Promise<string> {
    const file = join(this.folder, `book-${Math.random().toString(36).slice(2, 8)}.json`);
    await writeFile(file, JSON.stringify({ title: 'The worst day', steps, ...more }));
    return file;
  }
  journal = (name: string): string => join(this.folder, name);
  env = (more: Record<string, string> = {}): Record<string, string> => ({
    TENANTRY_DATA_DIR: join(this.folder, 'data'),
    ...more,
  });

  run = (args: string[], env: Record<string, string> = {}): Recovering => new Recovering(args, this.env(env));

  async entries(name: string): Promise<Entry[]> {
    const text = await readFile(join(this.journal(name), 'journal.jsonl'), 'utf8').catch(() => '');
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Entry);
  }
  /** Steps whose deed the journal calls done. */
  async done(name: string): Promise<string[]> {
    return (await this.entries(name)).flatMap(({ is }) =>
      is.kind === 'reported' && is.state === 'done' ? [is.deed.key] : [],
    );
  }
  /** A step with an effect that the counter sees. */
  effect = (id: string, more: object = {}): object => ({
    ...{
      kind: 'http',
      id,
      title: `Do ${id}`,
      method: 'POST',
      url: `${this.counter.url}/${id}`,
      body: {},
      untilSeconds: 1,
    },
    ...more,
  });
}

/** Asks again until it is so. */
export async function becomes(what: string, ask: () => Promise<boolean> | boolean, withinMs = 60_000): Promise<void> {
  for (const until = Date.now() + withinMs; !(await ask());) {
    if (Date.now() > until) throw waitedTooLong(`waited ${withinMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
