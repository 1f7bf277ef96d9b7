import assert from 'node:assert/strict';
import { permissions, seededRoles, type Scope } from '#contracts/permissions.ts';
import { Grants, permissionsOfRole, type Principal } from './grants.ts';

const platform: Scope = { kind: 'platform' };
const ofPlan = (plan: string): Scope => ({ kind: 'plan', plan });
const ofTenant = (tenantId: string): Scope => ({ kind: 'tenant', tenantId });
const roles = new Map(
  ['owner', 'operator', 'auditor'].map((name) => [name, { title: name, permissions: permissionsOfRole(name, []) }]),
);
const person = (userId: string): Principal => ({ userId, limits: null });

describe('the engine of permissions', () => {
  const grants = new Grants(1, roles, [
    { userId: 'olga', role: 'owner', scope: platform },
    { userId: 'tove', role: 'owner', scope: ofTenant('t1') },
    { userId: 'paul', role: 'operator', scope: ofPlan('large') },
    { userId: 'both', role: 'auditor', scope: platform },
    { userId: 'both', role: 'operator', scope: ofTenant('t1') },
    { userId: 'lost', role: 'a role that was deleted', scope: platform },
  ]);

  it('permits everywhere what was given for the platform', () => {
    for (const permission of permissions) {
      assert.ok(grants.may(person('olga'), permission));
      assert.ok(grants.may(person('olga'), permission, { tenantId: 't9', plan: 'small' }));
    }
  });

  it('permits for one tenant only what was given for one tenant', () => {
    assert.ok(grants.may(person('tove'), 'tenants:delete', { tenantId: 't1', plan: 'small' }));
    for (const target of [{}, { tenantId: 't2' }, { plan: 'large' }, { tenantId: null, plan: null }])
      assert.equal(grants.may(person('tove'), 'tenants:delete', target), false, JSON.stringify(target));
  });

  it('permits for the tenants of a plan what was given for the plan, those to come included', () => {
    assert.ok(grants.may(person('paul'), 'runs:cancel', { tenantId: 't7', plan: 'large' }));
    assert.ok(grants.may(person('paul'), 'runs:cancel', { plan: 'large' }));
    assert.equal(grants.may(person('paul'), 'runs:cancel', { tenantId: 't7', plan: 'small' }), false);
    assert.equal(grants.may(person('paul'), 'runs:cancel', { tenantId: 't7' }), false);
  });

  it('adds roles up, each within its scope', () => {
    assert.ok(grants.may(person('both'), 'runs:read', { tenantId: 't2' }));
    assert.ok(grants.may(person('both'), 'runs:cancel', { tenantId: 't1' }));
    assert.equal(grants.may(person('both'), 'runs:cancel', { tenantId: 't2' }), false);
  });

  it('permits nothing to strangers and by roles that are not there', () => {
    for (const permission of permissions)
      for (const userId of ['nobody', 'lost', '__proto__', 'constructor'])
        assert.equal(grants.mayAnywhere(person(userId), permission), false);
  });

  it("narrows by an API key's limits and never widens", () => {
    const limited = (userId: string, scope: Scope): Principal => ({
      userId,
      limits: { permissions: new Set(['runs:read', 'tenants:delete']), scope },
    });
    assert.ok(grants.may(limited('olga', ofTenant('t1')), 'runs:read', { tenantId: 't1' }));
    assert.equal(grants.may(limited('olga', ofTenant('t1')), 'runs:read', { tenantId: 't2' }), false);
    assert.equal(grants.may(limited('olga', ofTenant('t1')), 'runs:read'), false);
    assert.equal(grants.may(limited('olga', platform), 'runs:cancel', { tenantId: 't1' }), false);
    assert.equal(grants.may(limited('both', platform), 'tenants:delete', { tenantId: 't1' }), false);
    assert.equal(grants.mayAnywhere(limited('olga', ofTenant('t1')), 'runs:cancel'), false);
    assert.deepEqual(grants.reach(limited('olga', ofTenant('t1')), 'runs:read'), {
      everything: true,
      plans: new Set(),
      tenants: new Set(),
      within: ofTenant('t1'),
    });
    assert.equal(grants.reach(limited('olga', platform), 'runs:cancel').everything, false);
  });

  it('shows of a tenant something to who holds anything there, and to nobody else', () => {
    assert.ok(grants.seesAnythingOf(person('paul'), { tenantId: 't7', plan: 'large' }));
    assert.equal(grants.seesAnythingOf(person('paul'), { tenantId: 't7', plan: 'small' }), false);
    assert.equal(grants.seesAnythingOf(person('tove'), { tenantId: null, plan: null }), false);
    assert.equal(grants.seesAnythingOf(person('lost'), { tenantId: 't1' }), false);
  });
});

describe('the seeded roles', () => {
  it('let auditors read all and change nothing', () => {
    const changing = seededRoles.auditor.permissions.filter(
      (permission) => !permission.endsWith(':read') && permission !== 'audit:export',
    );
    assert.deepEqual(changing, []);
    for (const permission of permissions.filter((one) => one.endsWith(':read')))
      assert.ok((seededRoles.auditor.permissions as readonly string[]).includes(permission), permission);
  });

  it('leave to owners who may do what', () => {
    for (const role of ['admin', 'operator', 'auditor', 'support'] as const)
      for (const permission of ['roles:manage', 'approvals:configure'] as const)
        assert.ok(!(seededRoles[role].permissions as readonly string[]).includes(permission), `${role} ${permission}`);
  });

  it('name no permission twice and none that is not there', () => {
    for (const { permissions: permitted } of Object.values(seededRoles)) {
      assert.equal(new Set(permitted).size, permitted.length);
      for (const permission of permitted) assert.ok(permissions.includes(permission));
    }
  });
});
