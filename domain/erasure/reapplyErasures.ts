import { runIsOver, type RunState } from '#contracts/runStates.ts';
import type { TenantState } from '#contracts/tenants.ts';
import { listKeys } from '../audit/signingKeys.ts';
import { KeyBook } from '../audit/statements.ts';
import type { Sql } from '../database.ts';
import { appendEvent, theSystem } from '../events/appendEvent.ts';
import type { Installation } from '../installation.ts';
import { lockRun, moveRun } from '../runs/ledger.ts';
import { rows } from '../sql.ts';
import { closeTasks } from '../tasks/closeTasks.ts';
import { releaseAddress } from '../tenants/addresses.ts';
import { moveTenant } from '../tenants/moveTenant.ts';
import type { ErasureLedger, ErasureLine } from './erasureLedger.ts';
import { eraseRegistry } from './registryStores.ts';

export interface Reapplied {
  /** Tenants that a restored registry still knew, and that are forgotten again. */
  erased: number;
  /** Lines that no key of the registry signed: what they say was not done, and a person has to look. */
  unproven: number[];
}

/**
 * Forgets again whom the ledger says was erased after the moment to which the registry was restored: words, people, secrets and the key go in
 * one transaction each, before anybody can reach the registry. Safe to repeat.
 */
export async function reapplyErasures(
  em: () => Sql,
  { id }: Pick<Installation, 'id'>,
  ledger: ErasureLedger,
): Promise<Reapplied> {
  const book = new KeyBook(await listKeys(em()));
  const reapplied: Reapplied = { erased: 0, unproven: [] };
  for await (const { anchor: line } of ledger.lines()) {
    if (!line || line.installation !== id) continue;
    if (!book.vouchesFor(line)) reapplied.unproven.push(line.number);
    else if (await em().transactional((tx) => forgetAgain(tx, line))) reapplied.erased += 1;
  }
  return reapplied;
}

async function forgetAgain(em: Sql, { tenant: tenantId, number }: ErasureLine): Promise<boolean> {
  const [tenant] = await rows<{ state: TenantState; hasKey: boolean }>(em)`
    select t.state, exists (select 1 from tenant_keys k where k.tenant_id = t.id and k.wrapped is not null) as "hasKey"
    from tenants t where t.id = ${tenantId} for update of t`;
  if (!tenant || (['erased', 'rolled_back'].includes(tenant.state) && !tenant.hasKey)) return false;

  const runs = await rows<{ id: string; state: RunState }>(
    em,
  )`select id, state from runs where tenant_id = ${tenantId}`;
  for (const { id, state } of runs)
    if (!runIsOver(state))
      await moveRun(em, await lockRun(em, id), 'cancelled', {
        code: 'tenant_erased',
        text: 'The tenant was erased; the registry was restored to a moment before that.',
      });
  // Outside nothing is left of it: the ledger's line was written after all of that was gone.
  await rows(em)`
    update data_stores s set tenant_count = greatest(0, tenant_count - (
      select count(*) from resources r where r.store_id = s.id and r.tenant_id = ${tenantId} and r.state <> 'destroyed'))`;
  await rows(em)`update resources set state = 'destroyed', updated_at = now() where tenant_id = ${tenantId}`;
  await releaseAddress(em, tenantId);
  if (tenant.state !== 'erased' && tenant.state !== 'rolled_back') {
    if (tenant.state !== 'offboarding')
      await moveTenant(em, tenantId, { to: 'offboarding', attention: false }, theSystem);
    await moveTenant(em, tenantId, { to: 'erased', attention: false }, theSystem);
  }
  await closeTasks(em, { tenantId }, theSystem);
  await eraseRegistry(em, tenantId);
  await rows(em)`
    update tenant_keys set wrapped = null, shredded_at = clock_timestamp() where tenant_id = ${tenantId} and wrapped is not null`;
  await appendEvent(
    em,
    { stream: `tenant:${tenantId}`, type: 'tenant.key_destroyed', tenantId, data: { line: number, again: true } },
    theSystem,
  );
  return true;
}
