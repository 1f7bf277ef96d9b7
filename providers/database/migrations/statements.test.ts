import assert from 'node:assert/strict';
import { digestOf, migrationOf, plainSqlOf, refuseTransactionsIn } from './migrationFile.ts';
import { statementsOf } from './statements.ts';

const shapes = (sql: string) => statementsOf(sql).map(({ shape }) => shape);
const texts = (sql: string) => statementsOf(sql).map(({ text }) => text);

describe('splitting SQL where PostgreSQL would', () => {
  it('goes past quotes, dollar quotes, nested comments and parentheses', () => {
    assert.deepEqual(
      texts(
        `-- first; not yet\nselect ';' , E'\\';', "a;b", $x$ ; $x$, $$;$$ /* ; /* ; */ ; */; select 2 -- end;\n; ;`,
      ),
      [`select ';' , E'\\';', "a;b", $x$ ; $x$, $$;$$ /* ; /* ; */ ; */`, 'select 2 -- end;'],
    );
    assert.deepEqual(shapes(`create rule r as on insert to t do (select 1; select 2); select u&'d;' , x'0;'`), [
      'CREATE RULE R AS ON INSERT TO T DO ( SELECT 1 ; SELECT 2 )',
      "SELECT '' , ''",
    ]);
  });

  it('keeps the body of a function in standard SQL together', () => {
    const body = 'create function f() returns int begin atomic select case when true then 1 end; select 2; end; commit';
    assert.deepEqual(shapes(body).at(-1), 'COMMIT');
    assert.equal(shapes(body).length, 2);
  });

  it('ends with what does not end', () => {
    for (const sql of [`select 'a; b`, 'select $x$ a; b', 'select 1 /* a; b', 'select (1; 2', 'select "a; b'])
      assert.equal(statementsOf(sql).length, 1, sql);
    assert.deepEqual(statementsOf(' ;; -- nothing\n'), []);
  });
});

describe('a file of tenant migrations', () => {
  const read = (sql: string) => migrationOf(1, '0001_one', sql);

  it('says its own timeouts in the comments at its top', () => {
    const { lockTimeoutMs, statementTimeoutMs } = read(
      '-- What for.\n-- tenantry: lock_timeout 500ms\n--tenantry: statement_timeout = 10min\nselect 1;\n-- tenantry: nonsense',
    );
    assert.deepEqual([lockTimeoutMs, statementTimeoutMs], [500, 600_000]);
    assert.equal(read('select 1').lockTimeoutMs, null);
  });

  for (const said of ['lock_timeout 61s', 'lock_timeout 0s', 'lock_timeout forever', 'notransaction', ''])
    it(`is refused when it says "${said}"`, () => {
      assert.throws(() => read(`-- tenantry: ${said}\nselect 1`), { code: 'migration_failed' });
    });

  it('without a transaction may only make and drop indexes', () => {
    const { indexChanges } = read(
      '-- tenantry: no-transaction\ncreate unique index concurrently if not exists By_Title on tasks (title);\ndrop index concurrently "Old one";',
    );
    assert.deepEqual(
      indexChanges?.map(({ verb, index }) => [verb, index]),
      [
        ['create', 'by_title'],
        ['drop', 'Old one'],
      ],
    );
    for (const sql of [
      'vacuum',
      'create index concurrently on tasks (title)',
      'create index a on tasks (title)',
      'select 1',
    ])
      assert.throws(() => read(`-- tenantry: no-transaction\n${sql}`), /may only CREATE INDEX CONCURRENTLY/, sql);
  });

  it('makes its indexes plainly where nobody waits for them', () => {
    const file = read(
      '-- tenantry: no-transaction\n-- index concurrently\ncreate index concurrently a on tasks (title)',
    );
    assert.equal(plainSqlOf(file), 'create index a on tasks (title)');
  });

  it('is refused when it ends its transaction, and not for what only looks so', () => {
    for (const sql of ['commit', 'select 1; END', 'rollback;', 'begin; select 1', 'start transaction', 'abort'])
      assert.throws(() => refuseTransactionsIn(read(sql)), /ends the transaction/, sql);
    for (const sql of [
      `select 'commit;'`,
      'savepoint a; rollback to savepoint a',
      'do $$ begin null; end $$',
      'create function f() returns int begin atomic select 1; end',
    ])
      refuseTransactionsIn(read(sql));
  });

  it('is refused when it is no text', () => {
    assert.throws(() => read('select 1\0'), /not UTF-8/);
    assert.throws(() => read('select \ufffd'), /not UTF-8/);
  });

  it('is the same with other line ends, and begins after a byte order mark', () => {
    assert.equal(read('select 1;\r\nselect 2;').checksum, read('select 1;\nselect 2;').checksum);
    assert.equal(read('\ufeff-- tenantry: lock_timeout 1s\nselect 1').lockTimeoutMs, 1_000);
    assert.notEqual(digestOf([read('select 1')]), digestOf([read('select 2')]));
  });
});
