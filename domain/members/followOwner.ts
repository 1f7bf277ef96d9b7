import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import type { Realm } from '../people/realm.ts';
import type { TenantKeys } from '../secrets/tenantKeys.ts';
import { json, rows } from '../sql.ts';
import { adminOf } from '../tenants/viewTenant.ts';

/**
 * Who is named as a tenant's owner stays so under another address: what asks the owner must not go to a mailbox that is theirs no more.
 * Holds the tenant before its people, as other changes do.
 */
export async function followOwner(
  em: Sql,
  keys: TenantKeys,
  { tenantId, indexOf }: Pick<Realm, 'tenantId' | 'indexOf'>,
  { was, is }: { was: string; is: string },
  actor: Actor,
): Promise<void> {
  if (tenantId === null) return;
  const [tenant] = await rows<{ admin_sealed: Buffer | null }>(em)`
    select admin_sealed from tenants where id = ${tenantId} for no key update`;
  const admin = tenant && (await adminOf(keys, { id: tenantId, adminSealed: tenant.admin_sealed }));
  if (!admin || indexOf(admin.email) !== indexOf(was)) return;
  const sealed = await keys.sealFor(
    tenantId,
    json({ email: is, ...(admin.name ? { name: admin.name } : {}) }),
    'admin',
  );
  await rows(em)`
    update tenants set admin_sealed = ${sealed}, version = version + 1, updated_at = now() where id = ${tenantId}`;
  await appendEvent(
    em,
    { stream: `tenant:${tenantId}`, type: 'tenant.changed', tenantId, data: { fields: ['admin'] } },
    actor,
  );
}
