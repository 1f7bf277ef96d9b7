import assert from 'node:assert/strict';
import { unreadableIn } from './readable.ts';
import { whyNotReading } from './readsOnly.ts';

describe('the statement of an SQL check', () => {
  for (const query of [
    'select count(*) from runs',
    "select 'delete from runs; set_config(' as text -- update runs set x",
    'with open as (select id from tasks where closed_at is null) select count(*) from open;',
    'values (1), (2)',
    "select $a$drop; table$a$, E'it\\'s; fine' /* ; */",
  ])
    it(`reads: ${query}`, () => assert.equal(whyNotReading(query), null));

  for (const [query, why] of [
    ['select 1; select 2', /one statement/],
    ['delete from runs', /begin with/],
    ['explain analyze delete from runs', /begin with/],
    ['with gone as (delete from runs returning 1) select * from gone', /only read/],
    ['select * from runs for update', /only read/],
    ["select set_config('role', 'none', false)", /set_config/],
    [`select "set_config"('role', 'none', false)`, /set_config/],
    [`select U&"\\0073et_config"('role', 'none', false)`, /in codes/],
    ["select 1 -- '\n, set_config('role', 'none', false) -- '", /set_config/],
    ["select 1 /* /* */ ' */, set_config('role', 'none', false), '' ", /comment within/],
    ['select a$b$, pg_sleep(9), c$b$ from runs', /pg_sleep/],
    ["select query_to_xml('select * from users', true, true, '')", /query_to_xml/],
    ['select tenant_x.dump()', /functions of "tenant_x"/],
  ] as const)
    it(`does not only read: ${query}`, () => assert.match(whyNotReading(query) ?? '', why));

  const plan = (schema: string, relation: string) => [
    { Plan: { 'Node Type': 'Limit', Plans: [{ 'Node Type': 'Seq Scan', Schema: schema, 'Relation Name': relation }] } },
  ];
  it('may read how the platform stands, and the catalogues', () => {
    assert.equal(unreadableIn(plan('public', 'runs'), 'registry'), null);
    assert.equal(unreadableIn(plan('pg_catalog', 'pg_class'), 'store'), null);
  });
  it("may not read who people are, what rests sealed, and tenants' data", () => {
    assert.match(unreadableIn(plan('public', 'users'), 'registry') ?? '', /"users"/);
    assert.match(unreadableIn(plan('public', 'runs'), 'store') ?? '', /"runs"/);
    assert.match(unreadableIn(plan('t_abc', 'invoices'), 'store') ?? '', /"t_abc.invoices"/);
    assert.match(unreadableIn(plan('pg_catalog', 'pg_statistic'), 'store') ?? '', /pg_statistic/);
    assert.match(unreadableIn([{ Plan: { 'Node Type': 'ModifyTable' } }], 'registry') ?? '', /only read/);
  });
});
