import { sql, type RawBuilder } from 'kysely';
import type { Sql } from '../../database.ts';
import { rows } from '../../sql.ts';

const ofTenant = (tenantId: string) => sql`(select id from licenses where tenant_id = ${tenantId})`;

/** What is kept of what an erased tenant used. */
export const heldUsage = (tenantId: string): RawBuilder<unknown> => sql`
  from (select license_id from license_usage_events union all select license_id from license_usage_deltas
        union all select license_id from license_usage_hours union all select license_id from license_usage_days
        union all select license_id from license_use_days) held
  where license_id in ${ofTenant(tenantId)}`;

export async function forgetUsage(em: Sql, tenantId: string): Promise<void> {
  const licenses = ofTenant(tenantId);
  await rows(em)`delete from license_usage_deltas where license_id in ${licenses}`;
  await rows(em)`delete from license_usage_events where license_id in ${licenses}`;
  await rows(em)`delete from license_usage_hours where license_id in ${licenses}`;
  await rows(em)`delete from license_usage_days where license_id in ${licenses}`;
  await rows(em)`delete from license_use_days where license_id in ${licenses}`;
}
