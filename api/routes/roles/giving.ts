import type { Role } from '#contracts/access/roles.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Principal } from '#domain/access/grants.ts';
import { listRoles, type Giver } from '#domain/access/roles.ts';
import type { Sql } from '#domain/database.ts';
import type { ApiContext } from '../../context.ts';

/** Who gives or takes a role, with what they may do at this moment. */
export async function giverOf(principal: Principal | null, { access }: Pick<ApiContext, 'access'>): Promise<Giver> {
  if (!principal) throw new DomainError('unauthenticated', 'Sign in first.');
  return { principal, grants: await access.knowing(principal.userId) };
}

export async function toldRole(em: Sql, name: string): Promise<Role> {
  const [role] = await listRoles(em, name);
  if (!role) throw new DomainError('not_found', 'There is no such role.');
  return role;
}
