import assert from 'node:assert/strict';
import { join } from 'node:path';
import { replicationActions } from '#contracts/runbooks/actions/replication.ts';
import { RunbookDraft } from '#contracts/runbooks/runbooks.ts';
import {
  HoldingStep,
  isHolding,
  LeafStep,
  leavesOf,
  type ActionStep,
  type RunbookStep,
} from '#contracts/runbooks/steps.ts';
import { losePrimary } from '#domain/runbooks/shipped/losePrimary.ts';
import { regionFailover } from '#domain/runbooks/shipped/regionFailover.ts';
import { FileBook } from '#providers/replication/fileBook.ts';
import { identify } from '#providers/replication/identity.ts';
import { Sequence } from './sequence.ts';
import { ServerPair } from './serverPair.ts';

const actions = new Map<string, (typeof replicationActions)[keyof typeof replicationActions]>(
  Object.values(replicationActions).map((action) => [action.name, action]),
);

describe('the runbooks of replication', function () {
  this.timeout(900_000);

  for (const draft of [losePrimary, regionFailover])
    it(`"${draft.title}" is well formed, and refers to what is known by then`, () => {
      assert.doesNotThrow(() => RunbookDraft.parse(draft));
      const told = new Set(draft.inputs.map(({ name }) => `inputs.${name}`));
      for (const leaf of leavesOf(parsed(draft.steps))) {
        const { action, params, id, undo } = leaf as ActionStep;
        const known = actions.get(action);
        assert.ok(known, action);
        assert.ok(undo === null || known.hasUndo, `${id} takes back what cannot be`);
        for (const [name, value] of Object.entries(params)) {
          assert.ok(name in known.params.shape, `${action} knows no ${name}`);
          const reference = (value as { $from?: string } | null)?.$from;
          if (reference) assert.ok(told.has(reference), `${id} refers to ${reference}`);
        }
        for (const field of Object.keys(known.tells)) told.add(`steps.${id}.${field}`);
      }
    });

  it('"Region failover rehearsal" goes there and back on two servers, and loses nothing', async () => {
    const pair = await ServerPair.start();
    try {
      await pair.query(pair.east, 'create table written (number integer primary key, filler text)');
      await pair.follow(pair.east, pair.west);
      const inputs: Record<string, unknown> = { here: 'east', there: 'west' };
      const sequence = new Sequence(pair.servers, new FileBook(join(pair.folder, 'book')), 'rehearsal');
      const told = new Map<string, Record<string, unknown>>();
      for (const leaf of leavesOf(parsed(regionFailover.steps)) as ActionStep[]) {
        if (leaf.id === 'back-near') await pair.query(pair.west, `insert into written values (2, 'there')`);
        if (leaf.id === 'there-near') await pair.query(pair.east, `insert into written values (1, 'here')`);
        const params = Object.fromEntries(Object.entries(leaf.params).map(([name, value]) => [name, resolve(value)]));
        told.set(leaf.id, await sequence.act(leaf.action, params));
      }
      function resolve(value: unknown): unknown {
        const reference = (value as { $from?: string } | null)?.$from;
        if (!reference) return value;
        const [kind, name = '', field = ''] = reference.split('.');
        return kind === 'inputs' ? inputs[name] : (told.get(name)?.[field] ?? null);
      }
      assert.deepEqual([told.get('there-check')?.['lagBytes'], told.get('back-check')?.['lagBytes']], [0, 0]);
      const { inRecovery, timeline } = await identify(pair.east);
      assert.deepEqual([inRecovery, timeline], [false, 3]);
      assert.equal((await pair.query(pair.east, 'select 1 from written where number in (1, 2)')).length, 2);
      assert.equal((await identify(pair.west)).inRecovery, true);
    } finally {
      await pair.stop();
    }
  });
});

const parsed = (steps: readonly unknown[]): RunbookStep[] =>
  steps.map((step) => {
    const holding = HoldingStep.safeParse(step);
    if (!holding.success) return LeafStep.parse(step);
    const held = { ...holding.data, steps: parsed(holding.data.steps) } as RunbookStep;
    assert.ok(isHolding(held));
    return held;
  });
