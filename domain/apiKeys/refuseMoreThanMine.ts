import type { NewApiKey } from '#contracts/access/apiKeys.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Permission, Target } from '#contracts/permissions.ts';
import { findTenantTarget } from '../access/tenantTarget.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';

/**
 * A key is given nothing that its maker has not, there: it could do nothing with it, and would the day somebody gives it to them.
 * Refuses with `key_exceeds_yours`, also for a plan or tenant that there is not.
 */
export async function refuseMoreThanMine(
  em: Sql,
  { permissions, scope }: Pick<NewApiKey, 'permissions' | 'scope'>,
  may: (permission: Permission, target: Target) => boolean,
): Promise<void> {
  const target = await targetOf(em, scope);
  const tooMuch = target === null ? permissions : permissions.filter((permission) => !may(permission, target));
  if (tooMuch.length === 0) return;
  // What is not theirs to see is answered like what is not there.
  throw new DomainError('key_exceeds_yours', `You may not give a key there: ${tooMuch.join(', ')}.`, {
    fields: tooMuch.map((permission) => ({ path: 'permissions', message: `${permission} is more than you may there` })),
  });
}

async function targetOf(em: Sql, scope: NewApiKey['scope']): Promise<Target | null> {
  if (scope.kind === 'platform') return {};
  if (scope.kind === 'tenant') return findTenantTarget(em, scope.tenantId);
  const known = await rows(em)`select 1 from plans where name = ${scope.plan}`;
  return known.length > 0 ? { plan: scope.plan } : null;
}
