import type { RoleToAssign } from '#contracts/access/roles.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Permission, Scope, Target } from '#contracts/permissions.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import { tellOfUser } from '../people/userEvents.ts';
import { rows } from '../sql.ts';
import { bumpAccessEpoch } from './epoch.ts';
import { permissionsOfRole } from './grants.ts';
import { idOfScope, scopeOf, type ScopeColumns } from './loadGrants.ts';
import { refusesExcess, type Giver } from './roles.ts';
import { findTenantTarget } from './tenantTarget.ts';

/**
 * Gives a person roles; one that they have is left alone. Refuses with `not_found`, with `invalid_request` what names no role, plan or tenant, and
 * with `role_exceeds_yours` what would permit more than its giver may do there. Answers with the epoch to announce.
 */
export async function assignRoles(
  em: Sql,
  userId: string,
  wanted: readonly RoleToAssign[],
  giver: Giver,
  actor: Actor,
): Promise<{ epoch: number; assigned: string[] }> {
  // Held before anything refers to the row: of several who give at once, each waits for the one before.
  const found = await rows(em)`select 1 from users where id = ${userId} and tenant_id is null for no key update`;
  if (found.length === 0) throw new DomainError('not_found', 'There is no such person.');
  const assigned: string[] = [];
  for (const [at, { role, scope }] of wanted.entries()) {
    const target = await targetOf(em, scope, at);
    refuseExcess(giver, await permissionsOf(em, role, at), target);
    const [made] = await rows<{ id: string }>(em)`
      insert into role_assignments (user_id, role, scope_kind, scope_id, created_by)
      values (${userId}, ${role}, ${scope.kind}, ${idOfScope(scope)}, ${actor.userId})
      on conflict do nothing returning id`;
    if (!made) continue;
    assigned.push(made.id);
    await tellOfUser(em, userId, 'role.assigned', { role, scope }, actor);
  }
  return { epoch: await bumpAccessEpoch(em), assigned };
}

/**
 * Takes a role from whoever has it. Refuses with `not_found`, with `role_exceeds_yours` when it permits more than who takes it may
 * do there, and with `last_owner`.
 */
export async function withdrawRole(
  em: Sql,
  assignmentId: string,
  giver: Giver,
  actor: Actor,
): Promise<{ epoch: number }> {
  const [found] = await rows<{ user_id: string; role: string; permissions: string[] } & ScopeColumns>(em)`
    select a.user_id, a.role, a.scope_kind, a.scope_id, r.permissions from role_assignments a join roles r on r.name = a.role
    where a.id = ${assignmentId} for update of a`;
  const noneThere = new DomainError('not_found', 'There is no such assignment.');
  if (!found) throw noneThere;
  const scope = scopeOf(found);
  const target = (await findTarget(em, scope)) ?? {};
  // Own roles may be given back, whatever they permit.
  if (found.user_id !== giver.principal.userId || giver.principal.limits !== null) {
    if (!giver.grants.may(giver.principal, 'roles:assign', target)) throw noneThere;
    refuseExcess(giver, permissionsOfRole(found.role, found.permissions), target);
  }
  await rows(em)`delete from role_assignments where id = ${assignmentId}`;
  await refuseWithoutOwner(em);
  await tellOfUser(em, found.user_id, 'role.withdrawn', { role: found.role, scope }, actor);
  return { epoch: await bumpAccessEpoch(em) };
}

/** After what may have taken the last owner away, in the same transaction: somebody who can sign in must be left who may do everything. */
export async function refuseWithoutOwner(em: Sql): Promise<void> {
  // One at a time: of two owners who leave at once, the second must see that the first has left.
  await rows(em)`select 1 from roles where name = 'owner' for update`;
  const left = await rows(em)`
    select 1 from role_assignments a join users u on u.id = a.user_id
    where a.role = 'owner' and a.scope_kind = 'platform' and u.tenant_id is null and u.disabled_at is null and u.activated_at is not null limit 1`;
  if (left.length === 0) throw new DomainError('last_owner', 'Somebody must stay owner of the platform.');
}

function refuseExcess({ grants, principal }: Giver, given: readonly Permission[], target: Target): void {
  const needed: readonly Permission[] = ['roles:assign', ...given];
  const missing = needed.filter((permission) => !grants.may(principal, permission, target));
  if (missing.length > 0) throw refusesExcess([...new Set(missing)]);
}

async function permissionsOf(em: Sql, role: string, at: number): Promise<readonly Permission[]> {
  const [found] = await rows<{ permissions: string[] }>(
    em,
  )`select permissions from roles where name = ${role} for share`;
  if (!found) throw unknown(`roles.${at}.role`, 'is no role');
  return permissionsOfRole(role, found.permissions);
}

async function targetOf(em: Sql, scope: Scope, at: number): Promise<Target> {
  const target = await findTarget(em, scope);
  if (!target) throw unknown(`roles.${at}.scope`, scope.kind === 'plan' ? 'is no plan' : 'is no tenant');
  return target;
}

async function findTarget(em: Sql, scope: Scope): Promise<Target | null> {
  if (scope.kind === 'platform') return {};
  if (scope.kind === 'tenant') return findTenantTarget(em, scope.tenantId);
  const found = await rows(em)`select 1 from plans where name = ${scope.plan}`;
  return found.length > 0 ? { plan: scope.plan } : null;
}

const unknown = (path: string, message: string): DomainError =>
  new DomainError('invalid_request', 'A role cannot be given like this.', { fields: [{ path, message }] });
