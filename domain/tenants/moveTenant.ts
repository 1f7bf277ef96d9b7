import type { TenantState } from '#contracts/tenants.ts';
import { bumpAccessEpoch } from '../access/epoch.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';
import { endSupportOf } from '../support/endSupport.ts';

const before: Record<TenantState, TenantState[]> = {
  provisioning: [],
  // An offboarding is taken back until the erasure begins: to what the tenant was before it.
  active: ['provisioning', 'suspended', 'offboarding'],
  suspended: ['active', 'offboarding'],
  offboarding: ['provisioning', 'active', 'suspended', 'offboarding'],
  erased: ['offboarding'],
  rolled_back: ['provisioning'],
};

/** Moves a tenant by the table of allowed moves; a move that the table forbids is a defect and throws. */
export async function moveTenant(
  em: Sql,
  tenantId: string,
  { to, attention }: { to: TenantState; attention: boolean },
  actor: Actor,
): Promise<void> {
  const moved = await rows(em)`
    update tenants set state = ${to}, attention = ${attention}, version = version + 1, updated_at = now()
    where id = ${tenantId} and state = any(${before[to]})
    returning id`;
  if (moved.length === 0) throw new Error(`tenant ${tenantId} may not become ${to}`);
  if (to !== 'active') await endSupportOf(em, tenantId, actor);
  // Whatever closes a tenant's doors: processes remember open ones, and keys, for seconds.
  if (to === 'suspended' || to === 'offboarding') await bumpAccessEpoch(em);
  await appendEvent(em, { stream: `tenant:${tenantId}`, type: `tenant.${to}`, tenantId }, actor);
}
