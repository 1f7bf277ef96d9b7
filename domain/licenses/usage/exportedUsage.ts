import type { Sql } from '../../database.ts';
import { rows } from '../../sql.ts';

/** What a tenant takes with it of what it used: by licence, meter and day. */
export async function exportedUsage(em: Sql, tenantId: string): Promise<object[]> {
  const found = await rows<{ license_id: string; meter: string; day: string; quantity: string; events: string }>(em)`
    select u.license_id, u.meter, u.day::text as day, u.quantity, u.events
    from license_usage_days u join licenses l on l.id = u.license_id
    where l.tenant_id = ${tenantId} order by u.day, u.license_id, u.meter`;
  return found.map(({ license_id: licenseId, meter, day, quantity, events }) => ({
    licenseId,
    meter,
    day,
    quantity: Number(quantity),
    events: Number(events),
  }));
}
