import type { Grant } from '#contracts/permissions.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';
import { permissionsOfRole } from './grants.ts';
import { scopeOf, type ScopeColumns } from './loadGrants.ts';

/** What somebody's roles permit them where, or would permit who is disabled: compiled grants know nothing of those. */
export async function findHeldGrants(em: Sql, userId: string): Promise<Grant[]> {
  const held = await rows<{ role: string; permissions: string[] } & ScopeColumns>(em)`
    select a.role, r.permissions, a.scope_kind, a.scope_id from role_assignments a join roles r on r.name = a.role
    where a.user_id = ${userId}`;
  return held.map((row) => ({ scope: scopeOf(row), permissions: permissionsOfRole(row.role, row.permissions) }));
}
