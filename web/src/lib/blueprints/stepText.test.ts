import { deepEqual, equal, match } from 'node:assert/strict';
import type { BlueprintStep } from '#contracts/blueprints.ts';
import { diffSteps } from './diffSteps.ts';
import { lineOf, linesOf, parseSteps, textOf } from './stepText.ts';

const step = (given: object): BlueprintStep =>
  ({ when: 'before', onFailure: 'rollback', skippable: false, ...given }) as BlueprintStep;
const database = step({ kind: 'resource', key: 'database', provider: 'database', title: 'Create the database' });
const realm = step({ kind: 'resource', key: 'realm', provider: 'realm', title: 'Create the realm' });
const crm = step({
  kind: 'http', key: 'crm', title: 'Tell the CRM', url: 'https://crm.example/', undoUrl: 'https://crm.example/undo', timeoutSeconds: 5,
}); // prettier-ignore

describe('steps as text', () => {
  it('leave out what goes without saying, and mean the same when they are read back', () => {
    const text = textOf([database, crm]);
    equal(/onFailure|skippable|irreversible|"when"/.test(text), false);
    deepEqual(
      parseSteps(text).steps?.map((one) => step(one as object)),
      [database, crm],
    );
  });

  it('that are no list are told with the line', () => {
    match(parseSteps('{}').problem?.message ?? '', /list of steps/);
    const { problem } = parseSteps('[\n  {"a": 1},\n  {"b" 2}\n]');
    equal(problem?.line, 3);
  });

  it('know the line of each path, and for what is missing the line of what is around it', () => {
    const text =
      '[\n  {\n    "key": "a, \\"b\\"]",\n    "input": {\n      "list": [1, {"deep": true}],\n      "x": {}\n    }\n  },\n  {}\n]';
    const lines = linesOf(text);
    equal(lineOf(lines, 'steps'), 1);
    equal(lineOf(lines, 'steps.0'), 2);
    equal(lineOf(lines, 'steps.0.key'), 3);
    equal(lineOf(lines, 'steps.0.input.list.1.deep'), 5);
    equal(lineOf(lines, 'steps.0.input.x'), 6);
    equal(lineOf(lines, 'steps.1.undoUrl'), 9);
  });
});

describe('two versions of a blueprint', () => {
  it('differ step by step, field by field', () => {
    const later = step({ ...crm, timeoutSeconds: 10, onFailure: 'wait' });
    deepEqual(diffSteps([database, crm], [later, realm]), [
      {
        key: 'crm',
        title: 'Tell the CRM',
        kind: 'changed',
        fields: [
          { name: 'timeoutSeconds', before: '5', after: '10' },
          { name: 'onFailure', before: null, after: 'wait' },
        ],
      },
      {
        key: 'realm',
        title: 'Create the realm',
        kind: 'added',
        fields: [
          { name: 'kind', before: null, after: 'resource' },
          { name: 'title', before: null, after: 'Create the realm' },
          { name: 'provider', before: null, after: 'realm' },
        ],
      },
      { key: 'database', title: 'Create the database', kind: 'removed', fields: [] },
    ]);
  });

  it('tell when only the order is another, and nothing when all is the same', () => {
    deepEqual(
      diffSteps([database, realm], [realm, database]).map(({ key, kind }) => `${key} ${kind}`),
      ['realm moved', 'database moved'],
    );
    deepEqual(diffSteps([database, crm], [database, crm]), []);
  });
});
