import { DomainError } from '#contracts/errors.ts';
import type { NewTenant } from '#contracts/tenants.ts';
import type { Sql } from '../database.ts';
import type { TenantKeys } from '../secrets/tenantKeys.ts';
import { rows } from '../sql.ts';
import { Run } from '../runs/runRecord.ts';
import { Tenant } from './tenantRecord.ts';
import { adminOf } from './viewTenant.ts';

/**
 * What a tenant was created with, from the run that had to undo it. Its address is asked for again by name, so that trying twice
 * makes one tenant. Refuses with `not_found`, `run_not_repeatable`.
 */
export async function findInputsOf(em: Sql, keys: TenantKeys, runId: string): Promise<NewTenant> {
  const run = await em.findOne(Run, { id: runId });
  if (!run) throw new DomainError('not_found', 'There is no such run.');
  const leftNothing = run.state === 'rolled_back' || run.state === 'cancelled';
  if (run.kind !== 'provisionTenant' || !leftNothing || !run.tenantId)
    throw new DomainError('run_not_repeatable', 'Only a run that created a tenant and was undone can be tried again.');

  const tenant = await em.findOneOrFail(Tenant, { id: run.tenantId });
  const [address] = await rows<{ slug: string }>(em)`
    select slug from tenant_addresses where tenant_id = ${tenant.id} order by created_at desc limit 1`;
  const admin = await adminOf(keys, tenant);
  return {
    name: tenant.name,
    slug: address?.slug,
    externalId: tenant.externalId ?? undefined,
    labels: tenant.labels,
    plan: tenant.plan,
    region: tenant.region,
    admin: admin ? { email: admin.email, name: admin.name ?? undefined } : undefined,
  };
}
