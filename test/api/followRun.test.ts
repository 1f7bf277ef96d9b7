import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { RunWatch } from '#api/runWatch.ts';
import { writeEvents } from '#api/http/eventStream.ts';
import { Run } from '#contracts/runs.ts';
import type { StepIn } from '#test/servers/faults.ts';
import { assertInTime } from '#test/run/patience.ts';
import { ApiInstallation } from './apiInstallation.ts';
import { personWith } from './personWith.ts';

/** What a browser's EventSource would hear. */
class Listener {
  readonly runs: Run[] = [];
  readonly ids: number[] = [];
  readonly ended: Promise<void>;
  headers: IncomingMessage['headers'] = {};
  readonly #request: ReturnType<typeof get>;

  constructor(url: string, runId: string, cookie: string, headers: Record<string, string> = {}) {
    this.#request = get(`${url}/api/v1/runs/${runId}/events`, { agent: false, headers: { cookie, ...headers } });
    this.ended = new Promise((resolve, reject) => {
      this.#request.once('error', reject);
      this.#request.once('response', (response) => {
        this.headers = response.headers;
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
          for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
            this.#hear(text.slice(0, end));
            text = text.slice(end + 2);
          }
        });
        response.once('close', resolve);
      });
    });
    this.ended.catch(() => undefined);
  }

  get last(): Run | undefined {
    return this.runs.at(-1);
  }

  drop(): void {
    this.#request.destroy();
  }

  #hear(event: string): void {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(event)?.[1];
    if (field('event') !== 'run') return;
    this.ids.push(Number(field('id')));
    this.runs.push(Run.parse(JSON.parse(field('data')!)));
  }
}

describe('following a run', () => {
  let api: ApiInstallation;
  let stepIn: StepIn = async () => undefined;
  const listeners: Listener[] = [];

  before(async () => {
    api = await ApiInstallation.start();
    await api.installation.startWorker((position, attempt) => stepIn(position, attempt));
  });
  after(async () => {
    for (const listener of listeners) listener.drop();
    await api.stop();
  });

  const listen = (runId: string, headers?: Record<string, string>, cookie = api.cookie): Listener => {
    const listener = new Listener(api.url, runId, cookie, headers);
    listeners.push(listener);
    return listener;
  };

  /** A run that waits in the middle until it is let go. */
  async function heldRun(name: string): Promise<{ runId: string; letGo: () => void }> {
    const gate = Promise.withResolvers<void>();
    stepIn = async ({ at, when }) => (at === 'realm.ensure' && when === 'before' ? gate.promise : undefined);
    const { runId } = await api.installation.createTenant({ name });
    await api.installation.until('the run to be in the middle', 10_000, async () => {
      const run = await api.installation.run(runId);
      return run.steps.some(({ provider, state }) => provider === 'realm' && state === 'running');
    });
    return { runId, letGo: () => gate.resolve() };
  }

  it('tells the state at once, every change in order, and ends with the last', async () => {
    const { runId, letGo } = await heldRun('Live');
    const listener = listen(runId);
    await api.installation.until('the first state', 5_000, async () => listener.last);
    assert.match(listener.headers['content-type'] ?? '', /^text\/event-stream/);
    assert.equal(listener.headers['x-accel-buffering'], 'no');
    assert.equal(listener.headers['cache-control'], 'no-store');
    assert.equal(listener.last?.state, 'running');
    letGo();
    await listener.ended;
    assert.equal(listener.last?.state, 'succeeded');
    assert.deepEqual(
      listener.ids,
      [...new Set(listener.ids)].sort((a, b) => a - b),
    );
    assert.deepEqual(
      listener.ids,
      listener.runs.map(({ version }) => version),
    );
  });

  it('survives a lost connection and a reload: the state comes first again', async () => {
    const { runId, letGo } = await heldRun('Reloaded');
    const first = listen(runId);
    await api.installation.until('the first state', 5_000, async () => first.last);
    first.drop();
    const again = listen(runId, { 'last-event-id': String(first.ids.at(-1)) });
    const beside = listen(runId);
    await api.installation.until('the state again', 5_000, async () => again.last && beside.last);
    assert.equal(again.ids[0], first.ids.at(-1));
    letGo();
    await Promise.all([again.ended, beside.ended]);
    assert.equal(again.last?.state, 'succeeded');
    const after = listen(runId);
    await after.ended;
    assert.deepEqual(after.ids, [again.ids.at(-1)]);
  });

  it('goes on when nothing is announced, by looking every two seconds', async () => {
    const { runId, letGo } = await heldRun('Silent');
    const listener = listen(runId);
    await api.installation.until('the first state', 5_000, async () => listener.last);
    const before = listener.ids.at(-1)!;
    await api.installation.asAdmin(null, 'update runs set version = version + 1 where id = $1', [runId]);
    await api.installation.until('the next version', 4_000, async () => listener.ids.at(-1)! > before);
    const listening = `application_name = 'tenantry announcer' and datname = current_database()`;
    await api.installation.asAdmin(null, `select pg_terminate_backend(pid) from pg_stat_activity where ${listening}`);
    letGo();
    await listener.ended;
    assert.equal(listener.last?.state, 'succeeded');
  });

  it('ends when the person signs out, here or by force', async () => {
    const { runId, letGo } = await heldRun('Signed out');
    const cookie = await api.signIn();
    const byThemselves = listen(runId, {}, cookie);
    const forced = listen(runId, {}, await api.signIn());
    await api.installation.until('both to hear', 5_000, async () => byThemselves.last && forced.last);
    const begun = Date.now();
    await api.ask('DELETE', '/api/v1/session', { cookie });
    await byThemselves.ended;
    assertInTime(Date.now() - begun, 1_000, 'the own end of the stream');
    await api.installation.asAdmin(null, 'delete from sessions');
    await forced.ended;
    assertInTime(Date.now() - begun, 12_000, 'the forced end of the stream');
    assert.equal(forced.last?.state, 'running');
    api.cookie = await api.signIn();
    letGo();
    await api.installation.runIsOver(runId);
  });

  it('ends within a second when the role is taken that permits it', async () => {
    const { runId, letGo } = await heldRun('Role taken');
    const { userId, cookie } = await personWith(api.installation, [{ role: 'auditor' }]);
    const listener = listen(runId, {}, cookie);
    await api.installation.until('the first state', 5_000, async () => listener.last !== undefined);
    const [assignment] = await api.installation.asAdmin<{ id: string }>(
      null,
      `select id from role_assignments where user_id = '${userId}'`,
    );
    const begun = performance.now();
    assert.equal((await api.ask('DELETE', `/api/v1/role-assignments/${assignment!.id}`)).status, 204);
    await listener.ended;
    assertInTime(performance.now() - begun, 1_000, 'the end without the role');
    letGo();
    await api.installation.runIsOver(runId);
  });

  it('reads each version once, however many watch, and forgets the run when the last one leaves', async () => {
    const { runId, letGo } = await heldRun('Watched by many');
    const { platform } = api.installation;
    let reads = 0;
    const em = platform.registry.em;
    const counting = {
      ...platform,
      configuration: platform.configuration,
      announcer: platform.announcer,
      registry: {
        em: {
          fork: () => {
            reads += 1;
            return em.fork();
          },
        },
      },
    };
    const watch = new RunWatch(counting as never);
    const signal = new AbortController().signal;
    const versions = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const seen: number[] = [];
        for await (const run of watch.follow(runId, signal)) {
          seen.push(run.version);
          if (i === 0 && seen.length === 1) {
            await sleep(50);
            letGo();
          }
        }
        return seen;
      }),
    );
    watch.stop();
    const most = Math.max(...versions.flat()) - Math.min(...versions.flat()) + 1;
    assert.ok(
      versions.every((seen) => seen.at(-1) === versions[0]!.at(-1)),
      'all saw the end',
    );
    assert.ok(reads <= most + 3, `${reads} reads for ${most} versions`);
  });

  it('sends a slow reader the newest state, not everything in between', async () => {
    let produced = 0;
    const written: string[] = [];
    const response = Object.assign(new EventEmitter(), {
      writableNeedDrain: true,
      status: () => response,
      set: () => response,
      flushHeaders: () => undefined,
      write: (text: string) => (written.push(text), false),
      end: () => undefined,
    });
    async function* source() {
      for (; produced < 3;) yield { id: String(++produced), data: '{}' };
    }
    const writing = writeEvents(response as never, source(), { name: 'run', signal: new AbortController().signal });
    await sleep(20);
    assert.equal(produced, 1, 'nothing is asked for while the first is not gone');
    for (let i = 0; i < 3; i++) {
      response.emit('drain');
      await sleep(5);
    }
    await writing;
    assert.equal(written.length, 3);
  });
}).timeout(60_000);
