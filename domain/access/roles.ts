import { DomainError } from '#contracts/errors.ts';
import type { NewRole, Role, RoleChange } from '#contracts/access/roles.ts';
import { seededRoles, type Permission, type SeededRole } from '#contracts/permissions.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';
import { bumpAccessEpoch } from './epoch.ts';
import { permissionsOfRole, type Grants, type Principal } from './grants.ts';

/** Who gives: nobody can give what they do not have. */
export interface Giver {
  principal: Principal;
  grants: Grants;
}

interface Row {
  name: string;
  title: string;
  description: string;
  seeded: boolean;
  permissions: string[];
  requires_second_factor: boolean;
  people: number;
  version: number;
}

/** Seeded roles first, then by title. */
export async function listRoles(em: Sql, only: string | null = null): Promise<Role[]> {
  const found = await rows<Row>(em)`
    select r.*, (select count(distinct a.user_id)::int from role_assignments a where a.role = r.name) as people
    from roles r where (${only}::text is null or r.name = ${only}) order by r.seeded desc, r.title, r.name`;
  const seeded = Object.keys(seededRoles);
  return found
    .map(view)
    .toSorted((one, other) => (one.seeded && other.seeded ? seeded.indexOf(one.name) - seeded.indexOf(other.name) : 0));
}

/** Refuses with `role_taken`, `role_exceeds_yours`. Answers with the epoch to announce. */
export async function createRole(em: Sql, wanted: NewRole, giver: Giver, actor: Actor): Promise<{ epoch: number }> {
  refuseMoreThanOwn(giver, wanted.permissions);
  const made = await rows(em)`
    insert into roles (name, title, description, permissions, requires_second_factor, created_by)
    values (${wanted.name}, ${wanted.title}, ${wanted.description}, ${wanted.permissions}, ${wanted.requiresSecondFactor}, ${actor.userId})
    on conflict do nothing returning name`;
  if (made.length === 0)
    throw new DomainError('role_taken', `There is a role "${wanted.name}".`, {
      fields: [{ path: 'name', message: 'is taken' }],
    });
  await tell(em, wanted.name, 'role.created', { permissions: wanted.permissions }, actor);
  return { epoch: await bumpAccessEpoch(em) };
}

/** Refuses with `not_found`, `role_moved`, `role_seeded`, `role_exceeds_yours` (for what is added). */
export async function changeRole(
  em: Sql,
  name: string,
  change: RoleChange,
  giver: Giver,
  actor: Actor,
): Promise<{ epoch: number }> {
  const role = await lockRole(em, name);
  if (role.version !== change.expectedVersion)
    throw new DomainError('role_moved', 'The role was changed meanwhile. Read it again.');
  const { title, description, permissions, requiresSecondFactor } = change;
  if (role.seeded && (title ?? description ?? permissions) !== undefined)
    throw new DomainError(
      'role_seeded',
      'This role comes with Tenantry. Make one of your own to choose what it permits.',
    );
  const before = permissionsOfRole(name, role.permissions);
  if (permissions)
    refuseMoreThanOwn(
      giver,
      permissions.filter((permission) => !before.includes(permission)),
    );
  const next = {
    title: title ?? role.title,
    description: description ?? role.description,
    permissions: permissions ?? role.permissions,
    requiresSecondFactor: requiresSecondFactor ?? role.requires_second_factor,
  };
  await rows(em)`
    update roles set title = ${next.title}, description = ${next.description}, permissions = ${next.permissions},
      requires_second_factor = ${next.requiresSecondFactor}, version = version + 1, updated_at = now()
    where name = ${name}`;
  const { title: _title, description: _description, ...told } = next;
  await tell(em, name, 'role.changed', told, actor);
  return { epoch: await bumpAccessEpoch(em) };
}

/** Refuses with `not_found`, `role_seeded`, and with `role_in_use` while somebody has it. */
export async function deleteRole(em: Sql, name: string, actor: Actor): Promise<void> {
  const role = await lockRole(em, name);
  if (role.seeded) throw new DomainError('role_seeded', 'This role comes with Tenantry and stays.');
  const held = await rows(em)`select 1 from role_assignments where role = ${name} limit 1`;
  if (held.length > 0) throw new DomainError('role_in_use', 'Somebody has this role. Take it from them first.');
  await rows(em)`delete from roles where name = ${name}`;
  await tell(em, name, 'role.deleted', {}, actor);
}

export const refusesExcess = (missing: readonly Permission[]): DomainError =>
  new DomainError('role_exceeds_yours', `You cannot give what you do not have there: ${missing.join(', ')}.`);

function refuseMoreThanOwn({ grants, principal }: Giver, wanted: readonly Permission[]): void {
  const missing = wanted.filter((permission) => !grants.may(principal, permission));
  if (missing.length > 0) throw refusesExcess(missing);
}

async function lockRole(em: Sql, name: string): Promise<Row> {
  const [role] = await rows<Row>(em)`select *, 0 as people from roles where name = ${name} for update`;
  if (!role) throw new DomainError('not_found', 'There is no such role.');
  return role;
}

function view({ name, seeded, permissions, requires_second_factor: requiresSecondFactor, ...row }: Row): Role {
  const { title, description } = seeded ? seededRoles[name as SeededRole] : row;
  return {
    name,
    title,
    description,
    seeded,
    permissions: [...permissionsOfRole(name, permissions)],
    requiresSecondFactor,
    people: row.people,
    version: row.version,
  };
}

const tell = (em: Sql, name: string, type: string, data: Record<string, unknown>, actor: Actor): Promise<void> =>
  appendEvent(em, { stream: `role:${name}`, type, tenantId: null, data }, actor);
