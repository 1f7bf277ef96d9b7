import assert from 'node:assert/strict';
import {
  runIsOver,
  runMayMove,
  runStates,
  runStatesBefore,
  stepMayMove,
  stepStates,
  stepStatesBefore,
  terminalRunStates,
} from './runStates.ts';

describe('the states of runs and steps', () => {
  it('let no run leave its end, but for one that needed attention and was finished', () => {
    for (const from of terminalRunStates) {
      assert.ok(runIsOver(from));
      const next = runStates.filter((to) => runMayMove(from, to));
      assert.deepEqual(next, from === 'needs_attention' ? ['succeeded', 'rolled_back'] : []);
    }
    assert.deepEqual(
      runStates.filter((state) => runIsOver(state)),
      [...terminalRunStates],
    );
  });

  it('let every run reach an end from where it is', () => {
    for (const from of runStates) {
      const reached = new Set([from]);
      for (const state of reached) for (const to of runStates) if (runMayMove(state, to)) reached.add(to);
      assert.ok(
        [...reached].some((state) => runIsOver(state)),
        from,
      );
    }
  });

  it('let no run succeed once it rolls back', () => {
    const reached = new Set(['rolling_back'] as (typeof runStates)[number][]);
    for (const state of reached) {
      if (state === 'needs_attention') continue;
      for (const to of runStates) if (runMayMove(state, to)) reached.add(to);
    }
    assert.ok(!reached.has('succeeded') && !reached.has('running'));
  });

  it('let every promised undo begin, whatever became of its act, and end once', () => {
    for (const from of stepStates)
      assert.equal(stepMayMove(from, 'undoing'), !['undoing', 'undone'].includes(from), from);
    assert.deepEqual(
      stepStates.filter((to) => stepMayMove('undone', to)),
      [],
    );
    assert.deepEqual(
      stepStates.filter((to) => stepMayMove('undo_failed', to)),
      ['undoing'],
    );
  });

  it('are the same table read backwards', () => {
    for (const to of runStates)
      assert.deepEqual(
        runStatesBefore(to),
        runStates.filter((from) => runMayMove(from, to)),
      );
    for (const to of stepStates)
      assert.deepEqual(
        stepStatesBefore(to),
        stepStates.filter((from) => stepMayMove(from, to)),
      );
  });
});
