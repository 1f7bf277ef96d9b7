import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Problem } from '#contracts/problems.ts';
import type { Session } from '#contracts/session.ts';
import { startApi, type RunningApi } from '#api/server.ts';
import { rows } from '#domain/sql.ts';
import { registerTenant } from '#domain/tenants/registerTenant.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { createLogger } from '#observability/logging.ts';
import { assertInTime } from '#test/run/patience.ts';
import { ApiInstallation, ask } from '../apiInstallation.ts';
import { personWith, type TestPerson } from '../personWith.ts';

describe('who may do what', () => {
  let api: ApiInstallation;
  let tenantId: string;
  const em = () => api.installation.em;
  const as = ({ cookie }: TestPerson) => ({ cookie });
  const platform = { kind: 'platform' } as const;
  const assignmentsOf = ({ userId }: TestPerson) =>
    rows<{ id: string; role: string }>(
      em(),
    )`select id, role from role_assignments where user_id = ${userId} order by role`;
  const code = async (...asking: Parameters<ApiInstallation['ask']>) =>
    ((await api.ask<Problem>(...asking)).body as Problem | undefined)?.code;

  before(async () => {
    api = await ApiInstallation.start();
    ({ tenantId } = await em().transactional((tx) =>
      registerTenant(tx, api.installation.platform.tenantKeys, { name: 'Åbo', slug: 'abo' }, theSystem),
    ));
  });
  after(() => api.stop());

  it('tells a person their roles, what they permit and where', async () => {
    const tove = await personWith(api.installation, [{ role: 'support', scope: { kind: 'tenant', tenantId } }]);
    const { body } = await api.ask<Session>('GET', '/api/v1/session', as(tove));
    assert.deepEqual(body.roles, [{ role: 'support', title: 'Support', scope: { kind: 'tenant', tenantId } }]);
    assert.deepEqual(body.grants[0]!.scope, { kind: 'tenant', tenantId });
    assert.ok(body.permissions.includes('tenants:read'));
    assert.equal(body.user.role, 'support');
  });

  it('lets nobody give more than they have', async () => {
    const admin = await personWith(api.installation, [{ role: 'admin' }]);
    const friend = await personWith(api.installation, []);
    const give = (role: string, scope: object = platform) =>
      code('POST', `/api/v1/people/${friend.userId}/roles`, { ...as(admin), body: { role, scope } });
    assert.equal(await give('owner'), 'role_exceeds_yours');
    assert.equal(await give('operator'), 'role_exceeds_yours', 'operators may recover the platform, admins may not');
    assert.equal(await give('support'), undefined);
    assert.deepEqual(
      (await assignmentsOf(friend)).map(({ role }) => role),
      ['support'],
    );
  });

  it('lets who rules one tenant give roles there and nowhere else', async () => {
    const local = await personWith(api.installation, [{ role: 'owner', scope: { kind: 'tenant', tenantId } }]);
    const friend = await personWith(api.installation, []);
    const give = (scope: object) =>
      code('POST', `/api/v1/people/${friend.userId}/roles`, { ...as(local), body: { role: 'auditor', scope } });
    assert.equal(await give(platform), 'role_exceeds_yours');
    assert.equal(await give({ kind: 'plan', plan: 'standard' }), 'role_exceeds_yours');
    assert.equal(await give({ kind: 'tenant', tenantId }), undefined);
    const seen = await api.ask<{ items: { scope: { kind: string } }[] }>('GET', '/api/v1/role-assignments', as(local));
    assert.deepEqual([...new Set(seen.body.items.map(({ scope }) => scope.kind))], ['tenant']);
  });

  it('names what is no role, no plan and no tenant', async () => {
    const friend = await personWith(api.installation, []);
    for (const [body, path] of [
      [{ role: 'emperor', scope: platform }, 'roles.0.role'],
      [{ role: 'support', scope: { kind: 'plan', plan: 'gold' } }, 'roles.0.scope'],
      [{ role: 'support', scope: { kind: 'tenant', tenantId: friend.userId } }, 'roles.0.scope'],
    ] as const) {
      const { body: problem } = await api.ask<Problem>('POST', `/api/v1/people/${friend.userId}/roles`, { body });
      assert.deepEqual([problem.code, problem.fields?.[0]?.path], ['invalid_request', path]);
    }
  });

  it('gives one person several roles at the same moment, each with its event', async () => {
    const friend = await personWith(api.installation, []);
    const given = await Promise.all(
      ['admin', 'operator', 'auditor', 'support'].map((role) =>
        api.ask('POST', `/api/v1/people/${friend.userId}/roles`, { body: { role, scope: platform } }),
      ),
    );
    assert.deepEqual(
      given.map(({ status }) => status),
      [201, 201, 201, 201],
    );
    const told = await rows(
      em(),
    )`select 1 from events where stream = ${`user:${friend.userId}`} and type = 'role.assigned'`;
    assert.equal(told.length, 4);
  });

  it('lets a role of one tenant be taken by who rules there, given back by who has it, and touched by nobody else', async () => {
    const scope = { kind: 'tenant', tenantId } as const;
    const someone = await personWith(api.installation, [{ role: 'support', scope }]);
    const [assignment] = await assignmentsOf(someone);
    const stranger = await personWith(api.installation, [{ role: 'auditor' }]);
    const path = `/api/v1/role-assignments/${assignment!.id}`;
    assert.equal(await code('DELETE', path, as(stranger)), 'not_found');
    assert.equal((await api.ask('DELETE', path, as(someone))).status, 204);
    assert.equal(await code('DELETE', path, as(someone)), 'not_found');
    assert.equal((await api.ask('GET', '/api/v1/tenants', as(someone))).status, 403);
  });

  it('keeps an owner who can sign in: one who has not accepted the invitation does not count', async () => {
    const { userId } = await personWith(api.installation, [{ role: 'owner' }]);
    await rows(em())`update users set activated_at = null where id = ${userId}`;
    const [own] = await rows<{ id: string }>(em())`
      select id from role_assignments where role = 'owner' and scope_kind = 'platform' and user_id <> ${userId}`;
    assert.equal(await code('DELETE', `/api/v1/role-assignments/${own!.id}`), 'last_owner');
    await rows(em())`delete from role_assignments where user_id = ${userId}`;
  });

  it('keeps an owner, also when the last two leave at once', async () => {
    const owners = await rows<{ id: string; user_id: string }>(em())`
      select id, user_id from role_assignments where role = 'owner' and scope_kind = 'platform'`;
    assert.equal(owners.length, 1);
    const second = await personWith(api.installation, [{ role: 'owner' }]);
    const [its] = await assignmentsOf(second);
    const outcomes = await Promise.all(
      [owners[0]!.id, its!.id].map((id) => api.ask('DELETE', `/api/v1/role-assignments/${id}`, as(second))),
    );
    const codes = outcomes.map(({ status, body }) => (status === 204 ? 204 : (body as unknown as Problem).code));
    assert.equal(codes.filter((one) => one === 204).length, 1, codes.join());
    const [left] = await rows<{ user_id: string }>(em())`
      select user_id from role_assignments where role = 'owner' and scope_kind = 'platform'`;
    assert.ok(left);
    // Whoever left: the test goes on as the owner it began with.
    await api.installation.asAdmin(
      null,
      `delete from role_assignments where role = 'owner' and scope_kind = 'platform'`,
    );
    await api.installation.asAdmin(
      null,
      `insert into role_assignments (user_id, role, scope_kind) values ('${owners[0]!.user_id}', 'owner', 'platform')`,
    );
    await api.installation.asAdmin(null, 'update access_epoch set epoch = epoch + 1');
    await delay(700);
  });

  it('refuses to change what a seeded role permits, and to delete what somebody has', async () => {
    assert.equal(
      await code('PATCH', '/api/v1/roles/admin', { body: { expectedVersion: 1, permissions: ['runs:read'] } }),
      'role_seeded',
    );
    assert.equal(await code('DELETE', '/api/v1/roles/auditor'), 'role_seeded');
    const role = { name: 'watcher', title: 'Watcher', permissions: ['runs:read'] };
    assert.equal((await api.ask('POST', '/api/v1/roles', { body: role })).status, 201);
    assert.equal(await code('POST', '/api/v1/roles', { body: role }), 'role_taken');
    await personWith(api.installation, [{ role: 'watcher' }]);
    assert.equal(await code('DELETE', '/api/v1/roles/watcher'), 'role_in_use');
  });

  it('changes what everybody with a role may do, once, by who read its newest version', async () => {
    const body = { name: 'reader', title: 'Reader', permissions: ['runs:read'] };
    await api.ask('POST', '/api/v1/roles', { body });
    const reader = await personWith(api.installation, [{ role: 'reader' }]);
    assert.equal((await api.ask('GET', '/api/v1/runs', as(reader))).status, 200);
    const change = { expectedVersion: 1, permissions: ['tenants:read'] };
    assert.equal((await api.ask('PATCH', '/api/v1/roles/reader', { body: change })).status, 200);
    assert.equal(await code('PATCH', '/api/v1/roles/reader', { body: change }), 'role_moved');
    assert.equal(await code('GET', '/api/v1/runs', as(reader)), 'forbidden');
    assert.equal((await api.ask('GET', '/api/v1/tenants', as(reader))).status, 200);
  });

  describe('on another process', () => {
    let other: RunningApi;
    const logger = createLogger('test', { level: 'silent' });
    before(async () => {
      other = await startApi({ ...api.installation.configuration, port: 0 }, { logger });
    });
    after(() => other.stop());

    const untilRefused = async ({ cookie }: TestPerson): Promise<number> => {
      const begun = performance.now();
      while (performance.now() - begun < 5_000) {
        if ((await ask(other.url, 'GET', '/api/v1/runs', { cookie })).status === 403) return performance.now() - begun;
        await delay(10);
      }
      throw new Error('it is still permitted');
    };

    it('refuses within a second what was taken away here', async () => {
      const someone = await personWith(api.installation, [{ role: 'auditor' }]);
      assert.equal((await ask(other.url, 'GET', '/api/v1/runs', as(someone))).status, 200);
      const [assignment] = await assignmentsOf(someone);
      assert.equal((await api.ask('DELETE', `/api/v1/role-assignments/${assignment!.id}`)).status, 204);
      assertInTime(await untilRefused(someone), 1_000, 'another process refuses');
    });

    it('refuses within a second also when whoever took it away died before telling', async () => {
      const someone = await personWith(api.installation, [{ role: 'auditor' }]);
      assert.equal((await ask(other.url, 'GET', '/api/v1/runs', as(someone))).status, 200);
      await api.installation.asAdmin(
        null,
        `with gone as (delete from role_assignments where user_id = '${someone.userId}')
         update access_epoch set epoch = epoch + 1`,
      );
      assert.ok((await untilRefused(someone)) <= 1_100); // the request that was under way at the end of the second included
    });

    it('refuses at once while it cannot hear of changes', async () => {
      const someone = await personWith(api.installation, [{ role: 'auditor' }]);
      assert.equal((await ask(other.url, 'GET', '/api/v1/runs', as(someone))).status, 200);
      await api.installation.asAdmin(
        null,
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tenantry announcer' and datname = current_database()`,
      );
      await api.installation.asAdmin(null, `delete from role_assignments where user_id = '${someone.userId}'`);
      assertInTime(await untilRefused(someone), 1_000, 'the epoch does not even tell');
    });
  });
}).timeout(30_000);
