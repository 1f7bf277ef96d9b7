import { deepEqual, equal } from 'node:assert/strict';
import { BlueprintStep } from './blueprints.ts';

const problemsOf = (step: unknown): string[] =>
  (BlueprintStep.safeParse(step).error?.issues ?? []).map(({ path, message }) => `${path.join('.')} ${message}`);

const call = {
  kind: 'http',
  key: 'crm',
  title: 'Tell the CRM',
  url: 'https://crm.example/tenants',
  timeoutSeconds: 30,
};

describe('a step of a blueprint', () => {
  it('from before steps had keys is called by its provider and keeps its meaning', () => {
    deepEqual(BlueprintStep.parse({ kind: 'resource', provider: 'database', title: 'Create the database' }), {
      kind: 'resource',
      key: 'database',
      provider: 'database',
      title: 'Create the database',
      when: 'before',
      onFailure: 'rollback',
      skippable: false,
    });
  });

  it('calls an absolute http(s) address without credentials, for at most a day', () => {
    equal(problemsOf(call).length, 0);
    for (const url of ['/tenants', 'ftp://crm.example/', 'javascript:alert(1)', 'http://'])
      deepEqual(problemsOf({ ...call, url }), ['url must be an absolute http(s) address']);
    deepEqual(problemsOf({ ...call, undoUrl: 'https://me:secret@crm.example/' }), [
      'undoUrl must not carry credentials',
    ]);
    deepEqual(problemsOf({ ...call, timeoutSeconds: 86_401 }), ['timeoutSeconds must be at most 24 hours']);
  });

  it('has a title, a key that can be referred to, and nothing that nobody reads', () => {
    deepEqual(problemsOf({ ...call, key: 'The CRM', title: ' ', retries: 3 }), [
      'key must be lower-case letters, digits and dashes, beginning with a letter',
      'title must not be empty',
      ' Unrecognized key: "retries"',
    ]);
  });
});
