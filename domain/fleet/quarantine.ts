import { DomainError } from '#contracts/errors.ts';
import { FleetSettings } from '#contracts/fleet/migrations.ts';
import type { Sql } from '../database.ts';
import { appendEvents, type Actor } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';
import { settleAttention } from './closeFleetRun.ts';
import { openRetry } from './openFleetRun.ts';

/**
 * Opens the run that tries quarantined tenants again, to the version that was meant. They stay in quarantine until it succeeds.
 * Refuses with `tenant_not_quarantined`, `migrations_refused`, `run_in_progress`.
 */
export async function retryQuarantined(em: Sql, tenantIds: string[], actor: Actor): Promise<string> {
  await lockQuarantined(em, tenantIds);
  const [from] = await rows<{ target: number; settings: unknown }>(em)`
    select f.target, f.settings from quarantined_tenants q join fleet_runs f on f.run_id = q.run_id
    where q.tenant_id = any(${tenantIds}::uuid[]) order by f.target desc limit 1`;
  const runId = await openRetry(
    em,
    [...new Set(tenantIds)],
    from?.target ?? 1,
    actor,
    FleetSettings.parse(from?.settings),
  );
  await settleAttention(em, actor);
  return runId;
}

/** Lets tenants out: they are still behind, and the next run takes them like any other. Refuses with `tenant_not_quarantined`. */
export async function releaseQuarantined(em: Sql, tenantIds: string[], actor: Actor): Promise<void> {
  await lockQuarantined(em, tenantIds);
  await rows(em)`delete from quarantined_tenants where tenant_id = any(${tenantIds}::uuid[])`;
  await rows(em)`select 1 from tenants where id = any(${tenantIds}::uuid[]) order by id for no key update`;
  await appendEvents(
    em,
    [...new Set(tenantIds)].map((tenantId) => ({
      stream: `tenant:${tenantId}` as const,
      type: 'tenant.quarantine_released',
      tenantId,
    })),
    actor,
  );
  await settleAttention(em, actor);
}

async function lockQuarantined(em: Sql, tenantIds: string[]): Promise<void> {
  const found = await rows<{ id: string }>(em)`
    select tenant_id as id from quarantined_tenants where tenant_id = any(${tenantIds}::uuid[]) order by tenant_id for update`;
  const known = new Set(found.map(({ id }) => id));
  if (tenantIds.some((id) => !known.has(id)))
    throw new DomainError('tenant_not_quarantined', 'Not all of these tenants are in quarantine. Look again.');
}
