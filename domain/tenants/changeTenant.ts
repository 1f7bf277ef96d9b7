import { DomainError } from '#contracts/errors.ts';
import type { TenantChange } from '#contracts/tenants.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import type { TenantKeys } from '../secrets/tenantKeys.ts';
import { json, rows } from '../sql.ts';
import { externalIdTaken } from './registerTenant.ts';
import { searchTextOf } from './searchText.ts';

/**
 * Changes what the registry alone knows of a tenant. Call inside a transaction.
 * Refuses with `not_found`, `tenant_erased`, `external_id_taken`.
 */
export async function changeTenant(
  em: Sql,
  keys: TenantKeys,
  tenantId: string,
  change: TenantChange,
  actor: Actor,
): Promise<void> {
  const [tenant] = await rows<{ name: string; external_id: string | null; state: string }>(em)`
    select name, external_id, state from tenants where id = ${tenantId} for update`;
  if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
  if (tenant.state === 'erased' || tenant.state === 'rolled_back')
    throw new DomainError('tenant_erased', 'Nothing is left of this tenant.');

  const name = change.name ?? tenant.name;
  const externalId = change.externalId === undefined ? tenant.external_id : change.externalId;
  if (externalId !== null && externalId !== tenant.external_id) {
    const taken = await rows(em)`
      select 1 from tenants where external_id = ${externalId} and state not in ('erased', 'rolled_back') and id <> ${tenantId}`;
    if (taken.length > 0) throw externalIdTaken();
  }
  await rows(em)`
    update tenants set name = ${name}, external_id = ${externalId}, search_text = ${searchTextOf({ name, externalId })},
      version = version + 1, updated_at = now()
    where id = ${tenantId}`;
  if (change.labels) await rows(em)`update tenants set labels = ${json(change.labels)}::jsonb where id = ${tenantId}`;
  if (change.admin !== undefined) {
    const sealed = change.admin && (await keys.sealFor(tenantId, json(change.admin), 'admin'));
    await rows(em)`update tenants set admin_sealed = ${sealed} where id = ${tenantId}`;
  }
  await appendEvent(
    em,
    { stream: `tenant:${tenantId}`, type: 'tenant.changed', tenantId, data: { fields: Object.keys(change) } },
    actor,
  );
}
