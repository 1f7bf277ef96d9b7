import { deepEqual, equal, match } from 'node:assert/strict';
import { checkSchema, validate, type JsonSchema } from './jsonSchemas.ts';

const account: JsonSchema = {
  type: 'object',
  properties: { accountId: { type: 'string', format: 'uuid' }, seats: { type: 'integer', minimum: 1 } },
  required: ['accountId'],
  additionalProperties: false,
};

describe('a JSON Schema', () => {
  it('is told every problem with its path', () => {
    deepEqual(checkSchema(account), []);
    const problems = checkSchema({ type: 'objekt', properties: { seats: { minimum: 'one' } } });
    equal(
      problems.some(({ path }) => path === 'type'),
      true,
    );
    equal(
      problems.some(({ path, message }) => path === 'properties.seats.minimum' && message === 'must be number'),
      true,
    );
  });

  it('is refused with a misspelt keyword, a pattern that is none, a reference to nowhere, another draft', () => {
    const messageOf = (schema: JsonSchema) => checkSchema(schema)[0]?.message ?? '';
    match(messageOf({ requried: ['a'] }), /unknown keyword: "requried"/);
    match(messageOf({ type: 'string', pattern: '(' }), /regular expression|must match format "regex"/i);
    match(messageOf({ $ref: 'https://example.org/schema.json' }), /can't resolve reference/);
    match(messageOf({ $schema: 'http://json-schema.org/draft-07/schema#' }), /draft-07/);
  });

  it('is refused when it is too long or too deep to compile', () => {
    match(checkSchema({ description: 'x'.repeat(20_001) })[0]!.message, /at most 20000 characters/);
    let deep: JsonSchema = {};
    for (let level = 0; level < 40; level++) deep = { not: deep };
    match(checkSchema(deep)[0]!.message, /levels deep/);
  });
});

describe('a value', () => {
  it('is told everything that is wrong with it, without being repeated', () => {
    deepEqual(validate(account, { accountId: '019a0000-0000-7000-8000-000000000000', seats: 3 }), []);
    deepEqual(validate(account, { seats: 0, 'a/b': 'secret' }), [
      { path: 'accountId', message: 'is missing' },
      { path: 'a/b', message: 'is unknown' },
      { path: 'seats', message: 'must be >= 1' },
    ]);
    deepEqual(validate(account, { accountId: 'hunter2' }), [
      { path: 'accountId', message: 'must match format "uuid"' },
    ]);
  });

  it('is judged by its own schema although another has the same $id', () => {
    const of = (type: string): JsonSchema => ({ $id: 'https://example.org/one', type });
    deepEqual(validate(of('string'), 'x'), []);
    deepEqual(validate(of('number'), 1), []);
  });
});
