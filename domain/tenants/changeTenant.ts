import { DomainError } from '#contracts/errors.ts';
import type { TenantChange } from '#contracts/tenants.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { withdrawFormerAdmins } from '../members/formerAdmins.ts';
import { hasPeople } from '../members/holdTenantPeople.ts';
import type { TenantKeys } from '../secrets/tenantKeys.ts';
import { json, rows } from '../sql.ts';
import { externalIdTaken } from './registerTenant.ts';
import { searchTextOf } from './searchText.ts';
import { adminOf } from './viewTenant.ts';

/**
 * Changes what the registry alone knows of a tenant. Call inside a transaction.
 * Refuses with `not_found`, `tenant_erased`, `external_id_taken`, and with `person_not_invited` another
 * administrator for a tenant whose people have joined: it passes on by a change of ownership, with consent.
 */
export async function changeTenant(
  em: Sql,
  keys: TenantKeys,
  tenantId: string,
  change: TenantChange,
  actor: Actor,
): Promise<void> {
  const [tenant] = await rows<{ name: string; external_id: string | null; state: string; admin_sealed: Buffer | null }>(
    em,
  )`
    select name, external_id, state, admin_sealed from tenants where id = ${tenantId} for update`;
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
    const indexOf = (one: { email: string } | null): string | null => one && keys.addressIndex(tenantId, one.email);
    const before = await adminOf(keys, { id: tenantId, adminSealed: tenant.admin_sealed });
    if (indexOf(before) !== indexOf(change.admin) && (await hasPeople(em, tenantId)))
      throw new DomainError(
        'person_not_invited',
        'The tenant has people of its own: it passes to another by a change of ownership.',
      );
    const sealed = change.admin && (await keys.sealFor(tenantId, json(change.admin), 'admin'));
    await rows(em)`update tenants set admin_sealed = ${sealed} where id = ${tenantId}`;
    await withdrawFormerAdmins(em, tenantId, indexOf(change.admin), actor);
  }
  await appendEvent(
    em,
    { stream: `tenant:${tenantId}`, type: 'tenant.changed', tenantId, data: { fields: Object.keys(change) } },
    actor,
  );
}
