import { sql } from 'kysely';
import type { AssignmentQuery, RoleAssignment } from '#contracts/access/roles.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';
import type { Reach } from './grants.ts';
import { scopeOf, type ScopeColumns } from './loadGrants.ts';
import { withinReach } from './withinReach.ts';

/** Who has which role where, as far as it is in reach: those of a plan and of the platform are for who reads roles everywhere. */
export async function listAssignments(em: Sql, query: AssignmentQuery, reach: Reach): Promise<RoleAssignment[]> {
  const where = [
    reach.everything && reach.within === null
      ? sql`true`
      : sql`a.scope_kind = 'tenant' and ${withinReach(reach, sql`t.id`)}`,
    ...(query.userId ? [sql`a.user_id = ${query.userId}`] : []),
    ...(query.role ? [sql`a.role = ${query.role}`] : []),
    ...(query.tenantId ? [sql`a.scope_kind = 'tenant' and a.scope_id = ${query.tenantId}`] : []),
  ];
  const found = await rows<
    Pick<RoleAssignment, 'id' | 'userId' | 'email' | 'role' | 'roleTitle' | 'scopeTitle' | 'createdBy'> &
      ScopeColumns & { created_at: string }
  >(em)`
    select a.id, a.user_id as "userId", u.email, a.role, r.title as "roleTitle", a.scope_kind, a.scope_id,
           coalesce(p.title, t.name) as "scopeTitle", a.created_at, by.email as "createdBy"
    from role_assignments a
    join users u on u.id = a.user_id and u.tenant_id is null
    join roles r on r.name = a.role
    left join plans p on a.scope_kind = 'plan' and p.name = a.scope_id
    left join tenants t on a.scope_kind = 'tenant' and t.id = case when a.scope_kind = 'tenant' then a.scope_id::uuid end
    left join users by on by.id = a.created_by and by.tenant_id is null
    where ${sql.join(where, sql` and `)} order by a.created_at, a.id limit 1000`;
  return found.map(({ scope_kind, scope_id, created_at, ...assignment }) => ({
    ...assignment,
    scope: scopeOf({ scope_kind, scope_id }),
    createdAt: new Date(created_at).toISOString(),
  }));
}
