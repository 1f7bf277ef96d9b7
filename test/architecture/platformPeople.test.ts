import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { readSources } from './sources.ts';

const checkout = resolve(import.meta.dirname, '../..');

/** Where people are looked after whosever they are; every query there names the realm. */
const peopleRooms = /^domain\/(?:people|members|backups\/people)\//;
/** Of the rows themselves, or of nobody who is looked for. */
const others = /^(?:migrations|test)\/|\.test\.ts$/;

/** Every query of `users`, from there to the end of its statement. */
function queriesOf(text: string): string[] {
  return [...text.matchAll(/\b(?:from|join|update|into)\s+users\b[^`;]*/g)].map(([query]) => query);
}

/** Between a `users` and the next one, or the end: what is asked of this one. */
const saysWhose = (query: string): boolean =>
  /tenant_id is (?:not )?null|tenant_id is not distinct from|tenant_id = |users \(id, email, password_hash\) values/.test(
    query,
  );

describe('whoever is looked for on the platform', () => {
  it('is said not to be of a tenant, in every query that finds, lists, joins or names people', () => {
    const unsaid = [...readSources(checkout)]
      .filter(([path]) => path.endsWith('.ts') && !peopleRooms.test(path) && !others.test(path))
      .flatMap(([path, text]) =>
        queriesOf(text)
          .filter((query) => !saysWhose(query))
          .map((query) => `${path}: ${query.slice(0, 160)}`),
      );
    assert.deepEqual(unsaid, []);
  });

  it('is not overlooked: a query that does not say it is found', () => {
    assert.equal(
      queriesOf('select u.email from events e left join users u on u.id = e.actor_id`').filter(
        (query) => !saysWhose(query),
      ).length,
      1,
    );
    assert.equal(
      queriesOf('select 1 from users where id = ${x} and tenant_id is null`').filter((query) => !saysWhose(query))
        .length,
      0,
    );
  });
});
