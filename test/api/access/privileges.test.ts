import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { AnyRoute } from '#api/route.ts';
import { routeTable } from '#api/routeTable.ts';
import { permissions, seededRoles, type Permission, type SeededRole } from '#contracts/permissions.ts';
import type { Problem } from '#contracts/problems.ts';
import { rows } from '#domain/sql.ts';
import { ApiInstallation } from '../apiInstallation.ts';
import type { OperationId } from '../cases/routeCases.ts';
import { personWith } from '../personWith.ts';

const guarded = (Object.entries(routeTable) as [OperationId, AnyRoute][]).filter(
  ([, { permission }]) => !['public', 'worker', 'signed-in', 'portal'].includes(permission),
);

/** D12, the other way: every route against every role, and against every single permission. The router itself makes the cases. */
describe('every role, on every route', () => {
  let api: ApiInstallation;
  const cookies = new Map<string, string>();

  before(async () => {
    api = await ApiInstallation.start();
    for (const role of Object.keys(seededRoles))
      cookies.set(role, (await personWith(api.installation, [{ role }])).cookie);
    for (const permission of permissions) {
      const role = `only-${permission.replace(':', '-')}`;
      await rows(api.installation.em)`
        insert into roles (name, title, permissions) values (${role}, ${permission}, ${[permission]})`;
      cookies.set(permission, (await personWith(api.installation, [{ role }])).cookie);
    }
    const everythingBut = permissions.map((permission) => ({
      permission,
      held: permissions.filter((other) => other !== permission),
    }));
    for (const { permission, held } of everythingBut) {
      const role = `not-${permission.replace(':', '-')}`;
      await rows(api.installation.em)`
        insert into roles (name, title, permissions) values (${role}, ${permission}, ${held})`;
      cookies.set(`not ${permission}`, (await personWith(api.installation, [{ role }])).cookie);
    }
  });
  after(() => api.stop());

  /** Never valid, so that nothing is done: whether it is permitted is told before that. */
  const isPermitted = async (route: AnyRoute, who: string): Promise<boolean> => {
    const path = route.path.replace(/\{(\w+)\}/g, (_whole, name: string) =>
      name.endsWith('Id') ? randomUUID() : 'nothing',
    );
    const { status, body, text } = await api.ask<Problem>(route.method.toUpperCase(), `${path}?nonsense=1`, {
      cookie: cookies.get(who)!,
      ...('body' in route && route.body ? { body: { nonsense: 1 } } : {}),
    });
    if (status === 403 && body.code === 'forbidden') return false;
    assert.equal(status, 400, text);
    return true;
  };

  for (const [id, route] of guarded) {
    const needed = route.permission as Permission;
    it(`${id} is open to who has ${needed}, and to nobody else`, async () => {
      for (const role of Object.keys(seededRoles) as SeededRole[]) {
        const has = (seededRoles[role].permissions as readonly Permission[]).includes(needed);
        assert.equal(await isPermitted(route, role), has, role);
      }
      assert.ok(await isPermitted(route, needed), 'by this permission alone');
      assert.ok(!(await isPermitted(route, `not ${needed}`)), 'by all others');
    });
  }

  it('names no permission that no route asks for, but those that are asked for inside one', () => {
    const asked = new Set(guarded.map(([, { permission }]) => permission));
    const inside: Permission[] = ['tenants:reveal', 'api-keys:manage'];
    const notYet = permissions.filter((permission) => !asked.has(permission) && !inside.includes(permission));
    assert.deepEqual(notYet, []);
  });
}).timeout(60_000);
