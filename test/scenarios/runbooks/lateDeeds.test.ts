import assert from 'node:assert/strict';
import type { DeedInput } from '#contracts/workflowInputs.ts';
import { refuseLate } from '#domain/runbooks/executing/deeds.ts';
import { Ledger } from '#domain/runs/ledger.ts';
import { RunbookWorld, sql } from './runbookWorld.ts';

describe('a late attempt at a step of a runbook', () => {
  let world: RunbookWorld;
  let ledger: Ledger;
  let letGo = (): void => undefined;
  before(async () => {
    const held = new Promise<void>((resume) => (letGo = resume));
    world = await RunbookWorld.start(({ at }) => (at === 'runbook.sql' ? held : Promise.resolve()));
    const { registry, announcer } = world.api.installation.platform;
    ledger = new Ledger(registry, announcer, { circuitThreshold: 5 });
  });
  after(() => world.stop());

  /** The deed that a worker has in hand at this step now. */
  const deedOf = async (runId: string, key: string): Promise<DeedInput & { state: string }> => {
    const [found] = await world.api.installation.asAdmin<DeedInput & { state: string }>(
      null,
      `select s.run_id as "runId", run.epoch, s.step_id as "stepId", 'act' as verb, (s.record->>'round')::int as round, s.record->>'state' as state
       from runbook_steps s join runs run on run.id = s.run_id where s.run_id = $1 and s.key = $2`,
      [runId, key],
    );
    return found!;
  };
  const tooLate = { code: 'run_over' };

  it('may act while it is under way, and not once it was reported, decided upon or begun anew', async () => {
    const check = sql('check', { expect: { rows: { atLeast: 2 } } });
    const runId = await world.start(await world.written([sql('slow'), check]));
    const underWay = await world.api.installation.until('the step to be under way', 20_000, async () => {
      const deed = await deedOf(runId, 'slow');
      return deed.state === 'running' ? deed : null;
    });
    await refuseLate(ledger, underWay);
    await assert.rejects(refuseLate(ledger, { ...underWay, verb: 'undo' }), tooLate);
    await assert.rejects(refuseLate(ledger, { ...underWay, round: underWay.round + 1 }), tooLate);
    await assert.rejects(refuseLate(ledger, { ...underWay, epoch: underWay.epoch + 1 }), tooLate);

    letGo();
    const { execution } = await world.waits(runId, 'check', 'decision');
    await assert.rejects(refuseLate(ledger, underWay), tooLate, 'it was reported');
    const first = await deedOf(runId, 'check');
    await assert.rejects(refuseLate(ledger, first), tooLate, 'a person is asked');
    await world.decide(execution, 'check', { decision: 'stop' });
    await world.isOver(runId);
    await assert.rejects(refuseLate(ledger, first), tooLate, 'it was decided');
  });
});
