import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';

/**
 * Of an erased tenant's licences nothing works any more: they are on the lists of revocations, and their keys, files and overrides are gone.
 * What is left are ids, times and states.
 */
export async function forgetLicenses(em: Sql, tenantId: string): Promise<void> {
  await rows(em)`
    with revoked as (
      insert into license_revocations as known (license_id, product, serial, reason, at)
      select id, product, null, 'erased', clock_timestamp() from licenses
      where tenant_id = ${tenantId} and state in ('active', 'suspended')
      on conflict (license_id) do update set serial = null, reason = excluded.reason, at = excluded.at
      returning product)
    update license_products set revocation_number = revocation_number + 1 where name in (select product from revoked)`;
  await rows(em)`delete from license_uses where tenant_id = ${tenantId}`;
  await rows(em)`delete from license_dues where license_id in (select id from licenses where tenant_id = ${tenantId})`;
  await rows(em)`
    delete from license_overrides where license_id in (select id from licenses where tenant_id = ${tenantId})`;
  await rows(em)`
    update licenses set state = case when state in ('active', 'suspended') then 'revoked' else state end,
      claims = null, signature = null, sealed_key = null, key_index = null, binding = null
    where tenant_id = ${tenantId}`;
}
