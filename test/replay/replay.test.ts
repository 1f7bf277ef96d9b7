import assert from 'node:assert/strict';
import { workflowKinds } from '#contracts/workflowInputs.ts';
import { plant, plantedEdits } from './plantedEdits.ts';
import { currentBundle, recordedHistories, recordOf, replay, replayEach, type Recorded } from './replaying.ts';

describe('a workflow that was begun by an earlier version', function () {
  this.timeout(120_000);
  let code: string;
  let ends: Map<Recorded, Error | null>;

  before(async () => {
    code = await currentBundle();
    ends = await replayEach(code, recordedHistories);
  });

  for (const one of recordedHistories) it(`goes on: ${one.name}`, () => assert.equal(ends.get(one), null));

  for (const edit of plantedEdits)
    it(`would break by ${edit.what}, and that is noticed`, () =>
      assert.rejects(replay(plant(code, edit), recordOf(edit.breaks)), { name: 'DeterminismViolationError' }));

  it('is recorded for every workflow that changes a tenant', () => {
    const kinds: string[] = [...workflowKinds];
    const missing = kinds.filter((kind) => !recordedHistories.some(({ name }) => name.startsWith(`${kind}.`)));
    assert.deepEqual(missing, []);
  });
});
