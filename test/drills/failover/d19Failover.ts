import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '#contracts/errors.ts';
import { fenceStateOf } from '#providers/replication/fence.ts';
import { FileBook } from '#providers/replication/fileBook.ts';
import { startLocal, stopLocal } from '#providers/replication/localServer.ts';
import { follows } from '#providers/replication/standby.ts';
import type { DatabaseServer } from '#providers/replication/servers.ts';
import { losePrimary, Sequence, type Step } from '#test/scenarios/replication/sequence.ts';
import { ServerPair, writeTo } from '#test/scenarios/replication/serverPair.ts';
import type { Breach, Drill, DrillRoom, Outcome } from '../drill.ts';
import type { Random } from '../random.ts';

type Moment = 'before' | 'within' | 'after';
interface Cell {
  step: string;
  moment: Moment;
}

const script = join(import.meta.dirname, '..', '..', 'scenarios', 'replication', 'failoverProcess.ts');
const stepNames = [...losePrimary('', '').map(([name]) => name), 'standby.rebuild'];
const cellsAt = (moments: readonly Moment[]): Cell[] =>
  stepNames.flatMap((step) => moments.map((moment) => ({ step, moment })));
const harmfulLate = new Set(['servers.claim', 'primary.fence', 'standby.promote', 'stores.repoint', 'standby.rebuild']);
/** About how long each takes here, so that chance finds a moment within it; the others are over at once. */
const lastsMs: Record<string, number> = {
  'primary.fence': 150,
  'standby.catch-up': 800,
  'standby.promote': 150,
  'primary.verify': 300,
  'standby.rebuild': 3_000,
};
const within = (random: Random, step: string): number => random.below(lastsMs[step] ?? 8);

/**
 * D1, D2, D3 and D5 upon two database servers of which one takes over from the other: the process that carries it out is killed in every step, frozen in every
 * step and thawed when the servers have gone there and back, cancelled in every step, and the servers crash under load meanwhile.
 */
export const failoverHolds: Drill = {
  id: 'D19',
  title: 'failovers whose process is killed, frozen or cancelled in every step, and whose servers crash under load',
  full: (room) =>
    drill(room, {
      killed: cellsAt(['within', 'after']),
      // Before each that would do harm late, and within all of them.
      frozen: [...cellsAt(['before']).filter(({ step }) => harmfulLate.has(step)), ...cellsAt(['within'])],
      cancelled: [1, 2, 3, 4, 5],
      crashes: 4,
    }),
  subset: (room) =>
    drill(room, {
      killed: room.random.some(cellsAt(['within']), 1),
      frozen: [{ step: 'primary.fence', moment: 'within' }],
      cancelled: [3, 5],
      crashes: 1,
    }),
};

class Ground {
  readonly pair: ServerPair;
  readonly random: Random;
  readonly breaches: Breach[] = [];
  primary: DatabaseServer;
  standby: DatabaseServer;
  readonly #say: (line: string) => void;
  #executions = 0;

  constructor(pair: ServerPair, { random, say }: DrillRoom) {
    [this.pair, this.random, this.#say] = [pair, random, say];
    [this.primary, this.standby] = [pair.east, pair.west];
  }

  get book(): string {
    return join(this.pair.folder, 'book');
  }
  breach(rule: string, what: string): void {
    this.breaches.push({ rule, what });
    this.#say(`${rule} ${what}`);
  }
  next = (): string => `execution ${++this.#executions}`;

  /** The way over, and the old primary made a standby. */
  steps(): Step[] {
    const [primary, standby] = [this.primary.name, this.standby.name];
    return [...losePrimary(primary, standby), ['standby.rebuild', { primary: standby, standby: primary }]];
  }

  swap(): void {
    [this.primary, this.standby] = [this.standby, this.primary];
  }

  /** Catching up has work only after a primary that was killed. */
  async mayLosePrimary(step: string): Promise<void> {
    if (this.random.below(2) === 0 || step === 'standby.catch-up') await this.pair.kill(this.primary);
  }

  start(executionId: string, steps: Step[], kill: object | null = null): ChildProcess {
    const { east, west, folder } = this.pair;
    const given = { servers: [east, west], folder: this.book, executionId, steps, kill, notes: join(folder, 'notes') };
    return spawn(process.execPath, [script, JSON.stringify(given)], { stdio: ['ignore', 'ignore', 'pipe'] });
  }

  /** One whole failover by a process of its own. */
  async moveOver(executionId: string, steps: Step[]): Promise<void> {
    const child = this.start(executionId, steps);
    const said = textOf(child);
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`a failover ended with ${code}: ${await said}`);
  }

  /** What must hold whenever nobody is at it: one takes writes, the other follows it, and nobody claims them. */
  async check(where: string): Promise<void> {
    const broken = (what: string) => this.breach('D19', `${where}: ${what}`);
    const states = {
      [this.primary.name]: await fenceStateOf(this.primary),
      [this.standby.name]: await fenceStateOf(this.standby),
    };
    if (states[this.primary.name] !== 'writable' || states[this.standby.name] !== 'standby')
      return void broken(`"${this.primary.name}" should be the primary: ${JSON.stringify(states)}`);
    for (const latest = Date.now() + 20_000; !(await follows(this.primary, this.standby)); await delay(100))
      if (Date.now() > latest) return void broken(`"${this.standby.name}" does not follow`);
    const inBook = await readdir(this.book).catch(() => []);
    for (const claim of inBook.filter((name) => !name.endsWith('.primary.json')))
      broken(`${claim} is left: ${await readFile(join(this.book, claim), 'utf8')}`);
    for (const pointer of inBook.filter((name) => name.endsWith('.primary.json'))) {
      const { name } = JSON.parse(await readFile(join(this.book, pointer), 'utf8')) as { name: string };
      if (name !== this.primary.name) broken(`the book says that "${name}" is the primary`);
    }
    for (const server of [this.primary, this.standby]) await this.#checkFolder(server, broken);
  }

  /** Nothing half-made, and no fence of a primary that somebody would take back. */
  async #checkFolder(server: DatabaseServer, broken: (what: string) => void): Promise<void> {
    const { home, data } = await this.pair.place(server);
    const left = (await readdir(home)).filter((name) => name.startsWith('data.'));
    const marks = (await readdir(data)).filter((name) => /^tenantry\.fenced|^standby\.signal/.test(name));
    const expected = server === this.primary ? [] : ['standby.signal'];
    if (left.length > 0) broken(`${left.join(', ')} is left beside the folder of "${server.name}"`);
    if (marks.join() !== expected.join()) broken(`"${server.name}" has ${marks.join(', ') || 'no mark of a standby'}`);
  }

  /** Never may both of them take writes. */
  async refuseTwo(where: string): Promise<void> {
    const states = await Promise.all([fenceStateOf(this.primary), fenceStateOf(this.standby)]);
    if (states.every((state) => state === 'writable')) this.breach('D19', `${where}: both take writes`);
  }
}

interface Extent {
  killed: Cell[];
  frozen: Cell[];
  /** After so many steps: only before the promotion there is a way to take them back. */
  cancelled: number[];
  crashes: number;
}

async function drill(room: DrillRoom, extent: Extent): Promise<Outcome> {
  const { say } = room;
  const pair = await ServerPair.start({ durable: true });
  const ground = new Ground(pair, room);
  try {
    await pair.query(pair.east, 'create table written (number integer primary key, filler text)');
    await pair.follow(pair.east, pair.west);
    for (const cell of extent.killed) await killedIn(ground, cell);
    say(`${extent.killed.length} failovers whose process was killed`);
    let frozen = 0;
    for (const cell of extent.frozen) frozen += (await frozenIn(ground, cell)) ? 1 : 0;
    say(`${frozen} of ${extent.frozen.length} failovers whose process was frozen in time, thawed after the way back`);
    for (const length of extent.cancelled) await cancelledAfter(ground, length);
    say(`${extent.cancelled.length} failovers that were cancelled`);
    let written = 0;
    for (let time = 0; time < extent.crashes; time++) written += await crashing(ground, time);
    say(`${extent.crashes} failovers whose servers crashed, under ${written} confirmed writes`);
    const cells = extent.killed.length + frozen + extent.cancelled.length + extent.crashes;
    return {
      figures: [
        { what: 'failovers disturbed', value: cells, unit: '' },
        { what: 'writes confirmed meanwhile', value: written, unit: '', limit: { atLeast: 1 } },
      ],
      breaches: ground.breaches,
    };
  } finally {
    await pair.stop();
  }
}

/** D1: wherever it dies, another process goes on by the same execution. */
async function killedIn(ground: Ground, { step, moment }: Cell): Promise<void> {
  const where = `killed ${moment} ${step}`;
  await ground.mayLosePrimary(step);
  const [executionId, steps] = [ground.next(), ground.steps()];
  const kill = { step, moment, afterMs: within(ground.random, step) };
  await once(ground.start(executionId, steps, kill), 'exit');
  await ground.refuseTwo(where);
  await ground.moveOver(executionId, steps);
  ground.swap();
  await ground.check(where);
}

/** D2: it stands still, another one finishes, another execution moves everything back, and then it goes on. Returns whether it stood still in time. */
async function frozenIn(ground: Ground, { step, moment }: Cell): Promise<boolean> {
  const where = `frozen ${moment} ${step}`;
  await ground.mayLosePrimary(step);
  const [executionId, steps] = [ground.next(), ground.steps()];
  const kill = { step, moment, afterMs: within(ground.random, step), how: 'SIGSTOP' };
  const frozen = ground.start(executionId, steps, kill);
  const over = once(frozen, 'exit');
  const isStill = await standsStill(frozen);
  await ground.moveOver(executionId, steps);
  ground.swap();
  await ground.moveOver(ground.next(), ground.steps());
  ground.swap();
  await ground.check(`${where}, before it is thawed`);
  if (isStill) frozen.kill('SIGCONT');
  await over;
  await ground.check(where);
  return isStill;
}

/** D3: what was done is taken back, the last first, and somebody else may begin at once. */
async function cancelledAfter(ground: Ground, length: number): Promise<void> {
  const done = ground.steps().slice(0, length);
  const run = new Sequence(ground.pair.servers, new FileBook(ground.book), ground.next());
  for (const [name, params] of done) await run.act(name, params);
  for (const [name, params] of done.toReversed()) await run.undo(name, params);
  await ground.check(`cancelled after ${done.at(-1)?.[0]}`);
}

/** D5: servers stop as if they had lost their power, under load; a step that failed is tried again, as by a worker and by a person. */
async function crashing(ground: Ground, time: number): Promise<number> {
  const where = `crashes, time ${time + 1}`;
  const { pair, random } = ground;
  await pair.query(ground.primary, 'truncate written');
  let at = await pair.url(ground.primary);
  const writing = await writeTo(() => at, 200);
  const crash = async (server: DatabaseServer): Promise<void> => {
    const place = await pair.place(server);
    await stopLocal(place, 'immediate');
    await startLocal(place);
  };
  for (let times = 0; times < 3; times++) {
    await delay(700 + random.below(800));
    await crash(random.one([ground.primary, ground.standby]));
  }
  let isOver = false;
  const crashes = (async () => {
    for (let times = 0; times < 2 && !isOver; times++) {
      await delay(100 + random.below(700));
      await crash(ground.standby).catch(() => undefined);
    }
  })();
  const run = new Sequence(pair.servers, new FileBook(ground.book), ground.next());
  for (const [name, params] of ground.steps()) {
    await persist(() => run.act(name, params));
    if (name === 'stores.repoint') at = await pair.url(ground.standby);
  }
  isOver = true;
  await crashes;
  ground.swap();
  await delay(2_000);
  await writing.stop();
  await ground.check(where);
  const there = new Set(
    (await pair.query<{ number: number }>(ground.primary, 'select number from written')).map((row) => row.number),
  );
  const lost = writing.acknowledged.filter((number) => !there.has(number));
  if (lost.length > 0) ground.breach('I4', `${where}: ${lost.length} confirmed writes are lost`);
  return writing.acknowledged.length;
}

async function persist(act: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++)
    try {
      return void (await act());
    } catch (error) {
      if (attempt === 12) throw error;
      // What is for good asks a person, who looks and has it tried again.
      await delay(error instanceof DomainError ? 1_000 : 300);
    }
}

/** Whether the process was stopped before it ended. */
async function standsStill(child: ChildProcess): Promise<boolean> {
  for (;;) {
    if (child.exitCode !== null) return false;
    const stat = await readFile(`/proc/${child.pid}/stat`, 'utf8').catch(() => '');
    if (/\) T /.test(stat)) return true;
    await delay(10);
  }
}

async function textOf(child: ChildProcess): Promise<string> {
  let text = '';
  for await (const piece of child.stderr ?? []) text += String(piece);
  return text.trim().slice(-1_500);
}
