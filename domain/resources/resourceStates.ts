import { DomainError } from '#contracts/errors.ts';
import type { RunRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import { json, rows } from '../sql.ts';

/** What the registry knows of a resource that is about to be made or removed. */
export interface ResourceFacts {
  provider: string;
  region: string;
  access: 'open' | 'suspended';
}

/**
 * Refuses (`resource_fenced`) once the removal has begun, and an execution that was overtaken by a restart of its run; the
 * registry's half of the fence.
 */
export async function beginEnsuring(em: Sql, resourceId: string, ref: RunRef): Promise<ResourceFacts> {
  const [facts] = await rows<ResourceFacts>(em)`
    update resources r set state = case when r.state = 'present' then 'present' else 'ensuring' end,
      run_id = ${ref.runId}, epoch = ${ref.epoch}, updated_at = now()
    from tenants t
    where r.id = ${resourceId} and t.id = r.tenant_id and r.tenant_id = ${ref.tenantId}
      and r.state in ('planned', 'ensuring', 'present')
      and (r.run_id <> ${ref.runId} or r.epoch <= ${ref.epoch})
    returning r.provider, t.region, r.access`;
  if (!facts) throw new DomainError('resource_fenced', 'The removal of this resource has begun.');
  return facts;
}

export async function markEnsured(
  em: Sql,
  resourceId: string,
  observed: { externalId: string; values: Record<string, string> },
): Promise<void> {
  await rows(em)`
    update resources set state = 'present', external_id = ${observed.externalId}, observed = ${json(observed.values)}::jsonb,
      updated_at = now()
    where id = ${resourceId} and state in ('ensuring', 'present')`;
}

export async function beginDestroying(em: Sql, resourceId: string, ref: RunRef): Promise<void> {
  await rows(em)`
    update resources set state = 'destroying', run_id = ${ref.runId}, epoch = ${ref.epoch}, updated_at = now()
    where id = ${resourceId} and state <> 'destroyed'`;
}

/** With it go the secrets, and the tenant's place in its data store is free for another. */
export async function markDestroyed(em: Sql, resourceId: string): Promise<void> {
  await em.transactional(async (tx) => {
    const ended = await rows<{ store_id: string | null }>(tx)`
      update resources set state = 'destroyed', updated_at = now()
      where id = ${resourceId} and state <> 'destroyed' returning store_id`;
    await rows(tx)`delete from resource_secrets where resource_id = ${resourceId}`;
    const storeId = ended[0]?.store_id;
    if (storeId) await rows(tx)`update data_stores set tenant_count = tenant_count - 1 where id = ${storeId}`;
  });
}
