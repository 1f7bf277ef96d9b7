import assert from 'node:assert/strict';
import type { ExecutionStep } from '#contracts/runbooks/executions.ts';
import { nestSteps, type Node } from './nestSteps.ts';

const held = (id: string, kind: 'sequence' | 'parallel' = 'sequence') => ({ id, kind, title: id });
const step = (key: string, ...within: ExecutionStep['within']) => ({ id: key, key, within }) as ExecutionStep;
const outline = (nodes: Node[]): unknown[] =>
  nodes.map((node) => (node.kind === 'leaf' ? node.step.key : { [node.id]: outline(node.nodes) }));

describe('the steps of an execution', () => {
  it('lie where the runbook nests them', () => {
    const both = held('both', 'parallel');
    const steps = [
      step('a'),
      step('b', both),
      step('c', both, held('inner')),
      step('d', both, held('inner')),
      step('e', both),
      step('f', held('after')),
      step('g'),
    ];
    assert.deepEqual(outline(nestSteps(steps)), [
      'a',
      { both: ['b', { inner: ['c', 'd'] }, 'e'] },
      { after: ['f'] },
      'g',
    ]);
  });
});
