import type { TenantFact } from '#contracts/blueprints.ts';
import type { Sql } from '../database.ts';
import type { TenantKeys } from '../secrets/tenantKeys.ts';
import { rows } from '../sql.ts';
import { openOutput } from './stepOutputs.ts';
import type { Known } from './resolveInput.ts';

/**
 * What the steps of a run may refer to: what their tenant is, what its resources are called outside, and what earlier steps told.
 * A run that follows the opening of the doors knows what the run before it knew.
 */
export async function knownTo(
  em: Sql,
  keys: TenantKeys,
  { tenantId, runId }: { tenantId: string; runId: string },
): Promise<Known> {
  const [tenant] = await rows<Record<TenantFact, string>>(em)`
    select t.id, t.plan, t.region, coalesce(a.slug, '') as slug
    from tenants t left join tenant_addresses a on a.tenant_id = t.id and a.state = 'current' where t.id = ${tenantId}`;
  if (!tenant) throw new Error(`there is no tenant ${tenantId}`);
  const steps = await rows<{ id: string; key: string; output: unknown; observed: Record<string, string> | null }>(em)`
    select s.id, s.key, s.output, r.observed
    from run_steps s left join resources r on r.id = s.resource_id and r.state = 'present'
    where s.run_id in (select id from runs where id = ${runId} union select parent_run_id from runs where id = ${runId})
      and s.key is not null and s.state = 'done' and (s.output is not null or r.observed is not null)`;
  const outputs = new Map<string, Record<string, unknown>>();
  for (const { id, key, output, observed } of steps)
    outputs.set(key, observed ?? (await openOutput(keys, { tenantId, stepId: id }, output)));
  return { tenant, outputs };
}
