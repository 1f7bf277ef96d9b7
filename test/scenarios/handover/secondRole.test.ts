import assert from 'node:assert/strict';
import type pg from 'pg';
import { loginRolesOf, schemaNameOf } from '#domain/resources/names.ts';
import { TestInstallation } from '../../servers/installation.ts';
import { connectAs, loginOf, rotate } from './rotation.ts';

const denied = (error: pg.DatabaseError) => error.code === '42501';

describe('the second login role of a tenant', () => {
  let installation: TestInstallation;
  let as: pg.Client;
  let own: string;
  let other: string;

  before(async () => {
    installation = await TestInstallation.start();
    await installation.startWorker();
    const tenants = [await installation.provision({ name: 'Second' }), await installation.provision({ name: 'Other' })];
    for (const tenant of tenants)
      assert.equal(
        (await installation.runIsOver(await rotate(installation, tenant, { kinds: ['database'], overlapSeconds: 0 })))
          .state,
        'succeeded',
      );
    [own, other] = [schemaNameOf(tenants[0]!.tenantId), schemaNameOf(tenants[1]!.tenantId)];
    as = await connectAs(installation, await loginOf(installation, tenants[0]!.tenantId));
  });
  after(async () => {
    await as?.end();
    await installation?.stop();
  });

  it('acts as the first, lands in its schema, and may no more than it, whichever of the two it is', async () => {
    const [first, second] = loginRolesOf(own);
    const { rows } = await as.query('select session_user as login, current_user as me, current_schema() as s');
    assert.deepEqual(rows, [{ login: second, me: first, s: own }]);
    for (const become of ['select 1', 'set role none']) {
      await as.query(become);
      assert.equal((await as.query('select * from settings')).rowCount, 0);
      for (const text of [
        `select * from ${other}.settings`,
        'create table mine (id int)',
        'create temp table mine (id int)',
        'create schema mine',
        'create role mine',
        'drop table settings',
        `comment on role ${second} is 'x'`,
        `alter role ${first} login`,
        `alter role ${second} createdb`,
        'select * from tenantry.fences',
      ])
        await assert.rejects(as.query(text), denied, text);
      for (const role of [...loginRolesOf(other), 'postgres', 'pg_read_all_data']) {
        await assert.rejects(as.query(`set role ${role}`), denied, role);
        await assert.rejects(as.query(`grant ${role} to ${second}`), denied, role);
      }
    }
  });
});
