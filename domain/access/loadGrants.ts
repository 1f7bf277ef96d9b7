import type { Scope } from '#contracts/permissions.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';
import { readAccessEpoch } from './epoch.ts';
import { Grants, permissionsOfRole } from './grants.ts';

export interface ScopeColumns {
  scope_kind: Scope['kind'];
  scope_id: string | null;
}

export const scopeOf = ({ scope_kind: kind, scope_id: id }: ScopeColumns): Scope =>
  kind === 'platform' || id === null
    ? { kind: 'platform' }
    : kind === 'plan'
      ? { kind, plan: id }
      : { kind, tenantId: id };

export const idOfScope = (scope: Scope): string | null =>
  scope.kind === 'platform' ? null : scope.kind === 'plan' ? scope.plan : scope.tenantId;

/** All grants as they are now. The epoch is read first: what is taken away meanwhile makes a newer one. */
export async function loadGrants(em: Sql): Promise<Grants> {
  const epoch = await readAccessEpoch(em);
  const roles = await rows<{ name: string; title: string; permissions: string[] }>(
    em,
  )`select name, title, permissions from roles`;
  const assignments = await rows<{ user_id: string; role: string } & ScopeColumns>(em)`
    select a.user_id, a.role, a.scope_kind, a.scope_id from role_assignments a
    join users u on u.id = a.user_id where u.tenant_id is null and u.disabled_at is null`;
  return new Grants(
    epoch,
    new Map(
      roles.map(({ name, title, permissions }) => [name, { title, permissions: permissionsOfRole(name, permissions) }]),
    ),
    assignments.map((row) => ({ userId: row.user_id, role: row.role, scope: scopeOf(row) })),
  );
}
