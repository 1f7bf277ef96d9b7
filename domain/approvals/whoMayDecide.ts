import { permissionsOfRole } from '../access/grants.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';

/**
 * Everybody who may approve what is done to this tenant (null: to the platform), by the rows as they are now and not by what a process
 * remembers: who was disabled or lost the role a moment ago is not among them.
 */
export async function whoMayDecide(em: Sql, tenantId: string | null): Promise<ReadonlySet<string>> {
  const roles = await rows<{ name: string; permissions: string[] }>(em)`select name, permissions from roles`;
  const deciding = roles
    .filter(({ name, permissions }) => permissionsOfRole(name, permissions).includes('approvals:decide'))
    .map(({ name }) => name);
  const found = await rows<{ user_id: string }>(em)`
    select distinct a.user_id from role_assignments a join users u on u.id = a.user_id
    where a.role = any(${deciding}::text[]) and u.tenant_id is null and u.disabled_at is null and u.activated_at is not null
      and (a.scope_kind = 'platform'
        or a.scope_kind = 'tenant' and a.scope_id = ${tenantId}::text
        or a.scope_kind = 'plan' and a.scope_id = (select plan from tenants where id = ${tenantId}::uuid))`;
  return new Set(found.map(({ user_id }) => user_id));
}
