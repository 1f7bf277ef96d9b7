import type { Sql } from '../../database.ts';
import { appendEvent, theSystem } from '../../events/appendEvent.ts';
import { rows } from '../../sql.ts';
import { keepDues } from '../dues/keepDues.ts';
import { revokeOnList } from '../keys/revocationList.ts';
import type { LicenseRow } from '../licenseRow.ts';
import { isInForce } from './licenseOfResource.ts';

/**
 * Takes a provisioned licence away: it is revoked, and its file, key, uses and overrides are forgotten; ids, times and states stay. One whose
 * tenant never opened its doors was handed out to nobody and comes on no list. The caller holds it.
 */
export async function withdrawLicense(em: Sql, licence: LicenseRow, now: Date): Promise<void> {
  const { id, tenant_id: tenantId, product } = licence;
  const [tenant] = await rows<{ state: string }>(em)`select state from tenants where id = ${tenantId}`;
  const wasOpened = tenant?.state !== 'provisioning' && tenant?.state !== 'rolled_back';
  await rows(em)`delete from license_uses where license_id = ${id}`;
  await rows(em)`delete from license_overrides where license_id = ${id}`;
  await rows(em)`
    update licenses set state = case when state in ('active', 'suspended') then 'revoked' else state end, tag = null,
      claims = null, signature = null, sealed_key = null, key_index = null, binding = null
    where id = ${id}`;
  await keepDues(em, id, now);
  if (!isInForce(licence)) return;
  if (wasOpened) await revokeOnList(em, { licenseId: id, product, serial: null, reason: 'erased', at: now });
  const data = { reason: wasOpened ? 'erased' : 'rolled_back' };
  await appendEvent(em, { stream: `license:${id}`, type: 'license.revoked', tenantId, data }, theSystem);
}
