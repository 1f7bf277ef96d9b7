import assert from 'node:assert/strict';
import type { RunbookDefinition } from '#contracts/runbooks/runbooks.ts';
import type { RunbookStep } from '#contracts/runbooks/steps.ts';
import { lineOf, linesOf } from '../blueprints/stepText.ts';
import { parseDefinition, textOf } from './definitionText.ts';

const left = {
  instructions: '', budgetSeconds: null, onOverrun: 'tell', onFailure: 'wait', skippable: true, practice: null, undo: null,
} as const; // prettier-ignore
const settle: RunbookStep = { kind: 'wait', id: 'settle', title: 'Let it settle', ...left, seconds: 5 };
const definition: RunbookDefinition = {
  title: 'Lose the primary',
  summary: '',
  budgetSeconds: null,
  exclusive: 'inputs',
  inputs: [{ name: 'store', title: 'Data store', help: '', type: 'text', choices: [], required: true, default: null }],
  steps: [
    { kind: 'manual', id: 'call', title: 'Call', ...left, skippable: false, role: 'Commander', message: '', asks: [] },
    { kind: 'parallel', id: 'look', title: 'Look at both', steps: [settle] },
  ],
};

describe('a runbook as text', () => {
  it('says what its author said, and nothing that goes without saying', () => {
    assert.deepEqual(JSON.parse(textOf(definition)), {
      title: 'Lose the primary',
      inputs: [{ name: 'store', title: 'Data store', type: 'text' }],
      steps: [
        { kind: 'manual', id: 'call', title: 'Call', skippable: false, role: 'Commander' },
        { kind: 'parallel', id: 'look', title: 'Look at both', steps: [{ kind: 'wait', id: 'settle', title: 'Let it settle', seconds: 5 }] },
      ],
    }); // prettier-ignore
  });

  it('leads from a path to its line, and says which line is no JSON yet', () => {
    const text = textOf(definition);
    assert.equal(parseDefinition(text).problem, null);
    const line = lineOf(linesOf(text, ''), 'steps.1.steps.0.seconds');
    assert.match(text.split('\n')[line! - 1]!, /"seconds": 5/);
    assert.equal(parseDefinition(`${text} x`).problem?.line, text.split('\n').length);
    assert.equal(parseDefinition('[]').problem?.line, 1);
  });
});
