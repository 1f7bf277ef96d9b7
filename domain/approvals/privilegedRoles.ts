import type { RoleChange } from '#contracts/access/roles.ts';
import type { Permission } from '#contracts/permissions.ts';
import { permissionsOfRole } from '../access/grants.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';
import { policyOf } from './policies.ts';

/** Who holds one of these can give themselves more, take part in approvals, or do what cannot be undone. */
const privileged: ReadonlySet<Permission> = new Set([
  'tenants:delete',
  'tenants:reveal',
  'people:manage',
  'roles:manage',
  'roles:assign',
  'api-keys:manage',
  'approvals:decide',
  'approvals:configure',
  'support:access',
  'platform:recover',
  'worker-tokens:manage',
] satisfies Permission[]);

/** How many must approve that somebody is given these roles: none for those that only look, or work on what can be mended. */
export async function requiredToAssign(em: Sql, roles: readonly string[]): Promise<number> {
  for (const role of new Set(roles)) {
    const { permitted } = await findRole(em, role);
    if (permitted.some((permission) => privileged.has(permission))) return (await policyOf(em, 'grant_roles')).required;
  }
  return 0;
}

/** What these roles permit now: an approval to give them is one to give this. */
export async function whatRolesPermit(em: Sql, roles: readonly string[]): Promise<Record<string, Permission[]>> {
  const permitted: Record<string, Permission[]> = {};
  for (const role of new Set(roles)) permitted[role] = (await findRole(em, role)).permitted.toSorted();
  return permitted;
}

/** The same for what everybody who has the role would gain by a change of it, and for a second factor that it would no longer ask for. */
export async function requiredToChangeRole(
  em: Sql,
  role: string,
  { permissions = [], requiresSecondFactor }: Pick<RoleChange, 'permissions' | 'requiresSecondFactor'>,
): Promise<number> {
  const { permitted, asksSecondFactor } = await findRole(em, role);
  const gains = permissions.some((permission) => privileged.has(permission) && !permitted.includes(permission));
  const loosens = asksSecondFactor && requiresSecondFactor === false;
  return gains || loosens ? (await policyOf(em, 'grant_roles')).required : 0;
}

async function findRole(
  em: Sql,
  role: string,
): Promise<{ permitted: readonly Permission[]; asksSecondFactor: boolean }> {
  const [found] = await rows<{ permissions: string[]; requires_second_factor: boolean }>(em)`
    select permissions, requires_second_factor from roles where name = ${role}`;
  return {
    permitted: found ? permissionsOfRole(role, found.permissions) : [],
    asksSecondFactor: found?.requires_second_factor ?? false,
  };
}
