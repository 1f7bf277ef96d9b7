import assert from 'node:assert/strict';
import type { Execution } from '#contracts/runbooks/executions.ts';
import type { RunState } from '#contracts/runStates.ts';
import { manual, RunbookWorld, sql } from './runbookWorld.ts';

const byHand = { undo: { kind: 'manual', instructions: 'Call {{inputs.who}} again' } };
const inputs = { inputs: [{ name: 'who', title: 'Who', type: 'text' }] };

describe('a runbook that takes back what it did', () => {
  let world: RunbookWorld;
  before(async () => {
    world = await RunbookWorld.start();
  });
  after(() => world.stop());

  /** Stopped at its second step, after its first was done; the first waits to be taken back by hand. */
  async function stoppedAfter(first: object): Promise<{ runId: string; execution: Execution }> {
    const name = await world.written([first, manual('decide')], inputs);
    const runId = await world.start(name, { inputs: { who: 'the provider' } });
    const { execution } = await world.waits(runId, 'first', 'person');
    await world.tell(execution, 'first', 'completion', { version: execution.version, outcome: 'done' });
    const { execution: at } = await world.waits(runId, 'decide', 'person');
    await world.decide(at, 'decide', { decision: 'stop' });
    const { execution: back, step } = await world.waits(runId, 'first', 'person');
    assert.deepEqual([back.state, step.instructions], ['rolling_back', 'Call the provider again']);
    return { runId, execution: back };
  }
  const tasksOf = (runId: string): Promise<{ kind: string; open: boolean }[]> =>
    world.api.installation.asAdmin(null, `select kind, closed_at is null as open from tasks where run_id = $1`, [
      runId,
    ]);
  const ends = async (runId: string, state: RunState): Promise<Execution> => {
    const over = await world.isOver(runId);
    assert.equal(over.state, state);
    return over;
  };

  it('asks who does it by hand, and again when that failed', async () => {
    const { runId, execution } = await stoppedAfter(manual('first', byHand));
    const failed = { version: execution.version, outcome: 'failed', note: 'Nobody there' };
    await world.tell(execution, 'first', 'completion', failed);
    const { execution: asked, step } = await world.waits(runId, 'first', 'decision');
    assert.deepEqual([step.state, step.reason, step.may.decide], ['undo_failed', 'Nobody there', ['retry', 'leave']]);
    await world.decide(asked, 'first', { decision: 'retry' });
    const { execution: again } = await world.waits(runId, 'first', 'person');
    await world.tell(again, 'first', 'completion', { version: again.version, outcome: 'done' });
    const over = await ends(runId, 'rolled_back');
    assert.deepEqual(world.states(over), { first: 'undone', decide: 'failed' });
    assert.ok((await tasksOf(runId)).every(({ open }) => !open));
  });

  it('leaves what a person says is to be left, and asks for somebody to look after it', async () => {
    const { runId, execution } = await stoppedAfter(manual('first', byHand));
    const unreasoned = await world.decide(execution, 'first', { decision: 'leave' });
    assert.deepEqual([unreasoned.status, unreasoned.body.fields?.[0]?.path], [400, 'reason']);
    await world.decide(execution, 'first', { decision: 'leave', reason: 'They are closed until Monday' });
    const over = await ends(runId, 'needs_attention');
    assert.deepEqual(world.states(over)['first'], 'undo_failed');
    assert.deepEqual(
      (await tasksOf(runId)).filter(({ open }) => open).map(({ kind }) => kind),
      ['attention'],
    );
    const told = over.timeline.filter(({ kind }) => kind === 'decided').at(-1)!;
    assert.equal(told.note, 'They are closed until Monday');
  });

  it('does it by another action where the step says so, the last first', async () => {
    const { installation } = world.api;
    const hold = {
      ...{
        kind: 'action',
        id: 'hold',
        title: 'Pause',
        action: 'provisioning.pause',
        params: { reason: 'An incident' },
      },
      undo: { kind: 'action', action: 'provisioning.resume', params: {} },
    };
    const undo = { kind: 'action', action: 'provisioning.resume', params: {} };
    const runId = await world.start(
      await world.written([
        hold,
        sql('ask', { undo }),
        sql('fails', { expect: { rows: { atLeast: 2 } }, onFailure: 'stop' }),
      ]),
    );
    const over = await ends(runId, 'rolled_back');
    assert.match(over.reason!, /^"Ask fails" failed/);
    const undone = over.timeline.filter(({ kind }) => kind === 'step.undone').map(({ step }) => step);
    assert.deepEqual(undone, ['ask', 'hold']);
    const [found] = await installation.asAdmin<{ paused: boolean }>(
      null,
      `select paused from switches where name = 'provisioning'`,
    );
    assert.equal(found?.paused, false);
  });

  it('leaves nothing of a practice behind', async () => {
    const name = await world.written([
      manual('first', { undo: { kind: 'action', action: 'provisioning.resume', params: {} } }),
    ]);
    const runId = await world.start(name, {}, 'practice');
    const { execution } = await world.waits(runId, 'first', 'person');
    await world.tell(execution, 'first', 'completion', { version: execution.version, outcome: 'done' });
    assert.deepEqual(world.states(await ends(runId, 'succeeded')), { first: 'undone' });
  });
}).timeout(120_000);
