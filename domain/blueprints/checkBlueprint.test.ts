import { deepEqual, equal } from 'node:assert/strict';
import { checkBlueprint } from './checkBlueprint.ts';

const problemsOf = (...steps: unknown[]): string[] =>
  checkBlueprint(steps).problems.map(({ path, message }) => `${path} ${message}`);

const database = { kind: 'resource', key: 'database', provider: 'database', title: 'Create the database' };
const storage = { kind: 'resource', key: 'storage', provider: 'storage', title: 'Create the bucket' };
const crm = {
  kind: 'http',
  key: 'crm',
  title: 'Tell the CRM',
  url: 'https://crm.example/accounts',
  undoUrl: 'https://crm.example/accounts/undo',
  timeoutSeconds: 30,
  outputSchema: { type: 'object', properties: { accountId: { type: 'string' } }, required: ['accountId'] },
};
const seats = {
  kind: 'custom',
  key: 'seats',
  title: 'Reserve seats',
  taskQueue: 'seats',
  activity: 'reserveSeats',
  undo: 'releaseSeats',
  timeoutSeconds: 60,
  input: {
    account: { $from: 'steps.crm.accountId' },
    schemas: [{ $from: 'steps.database.schema' }],
    slug: { $tenant: 'slug' },
  },
};

describe('a blueprint', () => {
  it('of every kind of step is accepted, with its defaults written out', () => {
    const welcome = { ...crm, key: 'welcome', undoUrl: null, when: 'after', irreversible: true };
    const check = { kind: 'check', key: 'tenant', provider: 'tenant', title: 'Check' };
    const { steps, problems } = checkBlueprint([database, storage, crm, seats, check, welcome]);
    deepEqual(problems, []);
    equal(steps[3]?.onFailure, 'rollback');
    equal(steps[5]?.when, 'after');
  });

  it('is told every problem at once, also beside a step that has no form', () => {
    deepEqual(
      problemsOf(
        { ...database, provider: 'datenbank' },
        { ...storage, title: '', colour: 'red' },
        { ...crm, undoUrl: null },
        { ...crm, key: 'charge', irreversible: true },
        { ...seats, key: 'crm', undo: null, input: { a: { $from: 'steps.later.id' } } },
        null,
      ),
      [
        'steps.1.title must not be empty',
        'steps.1.colour is unknown',
        'steps.5 expected object, received null',
        'steps.0.provider is unknown: must be one of database, realm, storage, license',
        'steps.2.undoUrl is missing: what is done before the doors open must have an undo',
        'steps.3.irreversible must come after the doors open: set "when" to "after"',
        'steps.4.key is used by an earlier step: "crm"',
        'steps.4.undo is missing: what is done before the doors open must have an undo',
        'steps.4.input.a refers to an unknown step: "later"',
      ],
    );
  });

  it('makes one resource of a kind, and has its resources and checks before the doors', () => {
    deepEqual(
      problemsOf(
        database,
        { ...database, key: 'second' },
        { ...storage, when: 'after' },
        { ...crm, undoUrl: null, when: 'after' },
        seats,
      ),
      [
        'steps.1.provider is used by an earlier step: a tenant has one of a kind',
        'steps.2.when must be before the doors open',
        'steps.4.when must not be before the doors when an earlier step is after them',
        'steps.4.input.account refers to "crm", which nobody waits for once the doors are open',
      ],
    );
  });

  it('refers only to what an earlier step is known to tell', () => {
    const refer = (input: unknown) => problemsOf(database, crm, { ...seats, input }, { ...crm, key: 'last' });
    deepEqual(refer({ deep: [{ er: { $from: 'steps.crm.accountId' } }] }), []);
    const wrong: [unknown, string][] = [
      [{ $from: 'steps.crm.account' }, 'refers to a field that "crm" does not tell: "account"'],
      [{ $from: 'steps.database.password' }, 'refers to a field that "database" does not tell: "password"'],
      [{ $from: 'steps.seats.id' }, 'refers to the step itself'],
      [{ $from: 'steps.last.accountId' }, 'refers forward: "last" comes later'],
      [{ $from: 'steps.nobody.id' }, 'refers to an unknown step: "nobody"'],
      [{ $from: 'crm.accountId' }, 'must be "steps.<key>.<field>"'],
      [{ $from: ['steps.crm.accountId', 1] }, 'must be "steps.<key>.<field>"'],
      [{ $from: 'steps.crm.accountId', or: 1 }, 'must hold nothing besides the reference'],
      [{ $tenant: 'name' }, 'must be one of id, slug, plan, region'],
    ];
    for (const [reference, message] of wrong) deepEqual(refer({ x: reference }), [`steps.2.input.x ${message}`]);
  });

  it('has JSON Schemas that can be used, and constant inputs that satisfy them', () => {
    deepEqual(problemsOf({ ...crm, outputSchema: { type: 'objekt' } }).slice(0, 1), [
      'steps.0.outputSchema.type must be equal to one of the allowed values',
    ]);
    const inputSchema = { type: 'object', properties: { plan: { type: 'string' } }, required: ['plan'] };
    deepEqual(problemsOf({ ...crm, inputSchema, input: {} }), ['steps.0.input.plan is missing']);
    deepEqual(problemsOf({ ...crm, inputSchema, input: { plan: { $tenant: 'plan' } } }), []);
  });

  it('has between one and fifty steps', () => {
    deepEqual(problemsOf(), ['steps must have at least one step']);
    const many = Array.from({ length: 51 }, (_, i) => ({ ...crm, key: `crm-${i}` }));
    deepEqual(problemsOf(...many), ['steps must have at most 50 steps']);
  });
});
