import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import { theSystem } from '#domain/events/appendEvent.ts';
import { issueWorkerToken } from '#domain/workerTokens/workerTokens.ts';
import { startForeignWorker, type ForeignWorker } from '#test/servers/foreignWorker.ts';
import { manual, RunbookWorld, sql } from './runbookWorld.ts';

interface Call {
  runId: string;
  stepId: string;
  number: number;
  verb: 'act' | 'undo';
  practice: boolean;
  input: Record<string, unknown>;
}

describe('a step of a runbook that a worker of the SaaS team serves', () => {
  let world: RunbookWorld;
  let calls: Call[] = [];
  let act: (call: Call) => Promise<unknown>;
  const workers: ForeignWorker[] = [];

  before(async () => {
    world = await RunbookWorld.start();
  });
  after(async () => {
    for (const worker of workers) await worker.stop();
    await world.stop();
  });
  beforeEach(() => {
    calls = [];
    act = async () => ({ ticket: 'T-1' });
  });

  /** A queue, served by a worker of the SaaS team. */
  const serve = async (): Promise<string> => {
    const taskQueue = `desk-${randomBytes(4).toString('hex')}`;
    const { em } = world.api.installation;
    const { token } = await issueWorkerToken(em, { name: 'Desk', taskQueue, days: 1 }, theSystem);
    const activities = {
      'desk.open_ticket': async (call: Call) => (calls.push(call), act(call)),
      'desk.close_ticket': async (call: Call) => void calls.push(call),
    };
    workers.push(await startForeignWorker(world.api, { taskQueue, activities, token }));
    return taskQueue;
  };
  const ticket = (taskQueue: string, more: object = {}) => ({
    ...{ kind: 'custom', id: 'ticket', title: 'Open a ticket', taskQueue, activity: 'desk.open_ticket' },
    ...{ undoActivity: 'desk.close_ticket', timeoutSeconds: 30, params: { about: { $from: 'inputs.about' } } },
    outputSchema: { type: 'object', properties: { ticket: { type: 'string' } }, required: ['ticket'] },
    undo: { kind: 'own' },
    ...more,
  });
  const about = { inputs: [{ name: 'about', title: 'About', type: 'text' }] };
  const verbs = () => calls.map(({ verb }) => verb);

  it('is asked with what the runbook says; its answer reaches the steps after it', async () => {
    const queue = await serve();
    const name = await world.written(
      [
        ticket(queue),
        sql('known', {
          query: 'select $1::text as ticket',
          params: [{ $from: 'steps.ticket.ticket' }],
          expect: { first: { ticket: 'T-1' } },
        }),
      ],
      about,
    );
    const runId = await world.start(name, { inputs: { about: 'the fire' } });
    const over = await world.isOver(runId);
    assert.equal(over.state, 'succeeded', over.reason ?? '');
    assert.partialDeepStrictEqual(calls, [
      { runId, number: 1, verb: 'act', practice: false, input: { about: 'the fire' } },
    ]);
  });

  it('stops a practice where it does not say what becomes of it, and is told that it is one where it does', async () => {
    const queue = await serve();
    const silent = await world.start(
      await world.written([ticket(queue)], about),
      { inputs: { about: 'x' } },
      'practice',
    );
    const { execution } = await world.waits(silent, 'ticket', 'decision');
    await world.decide(execution, 'ticket', { decision: 'stop' });
    await world.isOver(silent);
    assert.deepEqual(calls, []);
    const name = await world.written([ticket(queue, { practice: 'same' })], about);
    const over = await world.isOver(await world.start(name, { inputs: { about: 'x' } }, 'practice'));
    assert.equal(over.state, 'succeeded');
    // A practice leaves nothing behind: what acted is taken back at its end.
    assert.deepEqual(
      calls.map(({ verb, practice }) => [verb, practice]),
      [
        ['act', true],
        ['undo', true],
      ],
    );
  });

  it('is asked again when its worker stumbles, and taken back when a later step is stopped at', async () => {
    const queue = await serve();
    let stumbles = 1;
    act = async () => {
      if (stumbles-- > 0) throw new Error('for once');
      return { ticket: 'T-2' };
    };
    const name = await world.written([ticket(queue), manual('decide')], about);
    const runId = await world.start(name, { inputs: { about: 'x' } });
    const { execution } = await world.waits(runId, 'decide', 'person');
    await world.decide(execution, 'decide', { decision: 'stop' });
    assert.equal((await world.isOver(runId)).state, 'rolled_back');
    assert.deepEqual(verbs(), ['act', 'act', 'undo']);
  });

  it('tells the type of an error and not its text, and refuses an answer that is not as the runbook says', async () => {
    const queue = await serve();
    act = async () => {
      throw ApplicationFailure.nonRetryable('canary of a customer', 'DeskClosed');
    };
    const runId = await world.start(await world.written([ticket(queue)], about), { inputs: { about: 'x' } });
    const { execution, step } = await world.waits(runId, 'ticket', 'decision');
    assert.equal(step.reasonCode, 'step_refused');
    assert.match(step.reason!, /failed \(DeskClosed\)/);
    act = async () => ({ other: 1 });
    await world.decide(execution, 'ticket', { decision: 'retry' });
    const second = await world.api.installation.until('another answer', 30_000, async () => {
      const now = await world.read(runId);
      return now.steps[0]!.waitsFor === 'decision' && now.version > execution.version + 1 ? now : null;
    });
    assert.equal(second.steps[0]!.reasonCode, 'output_invalid');
    await world.decide(second, 'ticket', { decision: 'stop' });
    assert.equal((await world.isOver(runId)).state, 'rolled_back');
    assert.deepEqual(verbs(), ['act', 'act', 'undo']);
  });

  it('says that nobody serves its queue', async () => {
    const step = ticket('nobody-is-there', { timeoutSeconds: 1, undo: null });
    const runId = await world.start(await world.written([step], about), { inputs: { about: 'x' } });
    const { execution, step: waiting } = await world.waits(runId, 'ticket', 'decision');
    assert.equal(waiting.reasonCode, 'queue_unserved');
    await world.decide(execution, 'ticket', { decision: 'skip', reason: 'By phone' });
    assert.equal((await world.isOver(runId)).state, 'succeeded');
  });
}).timeout(120_000);
