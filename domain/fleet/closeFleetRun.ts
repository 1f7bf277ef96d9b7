import type { LeftThing } from '#contracts/tasks.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import { schemaNameOf } from '../resources/names.ts';
import { moveRun, type LockedRun } from '../runs/ledger.ts';
import { rows } from '../sql.ts';
import { closeTasks } from '../tasks/closeTasks.ts';
import { openTask } from '../tasks/openTask.ts';
import type { FleetRunRow } from './beginFleetRun.ts';

const namedInTask = 50;

/** Ends a run by what became of its tenants: one that is behind still asks for a person. */
export async function closeFleetRun(em: Sql, run: LockedRun, fleet: FleetRunRow): Promise<void> {
  const left = await rows<{ tenantId: string; state: string; reason: string | null }>(em)`
    select tenant_id as "tenantId", state, reason from fleet_tenants
    where run_id = ${run.id} and state in ('quarantined', 'left') order by state, tenant_id`;
  await settleAttention(em, run.actor);
  if (left.length === 0) return moveRun(em, run, 'succeeded');
  const quarantined = left.filter(({ state }) => state === 'quarantined').length;
  const held = left.length - quarantined;
  const text = [
    quarantined > 0 ? `${quarantined} in quarantine` : null,
    held > 0 ? `${held} that other runs did not let go` : null,
  ]
    .filter(Boolean)
    .join(' and ');
  const reason = { code: 'tenants_behind', text: `Tenants below version ${fleet.target} are left: ${text}.` };
  await openTask(
    em,
    {
      kind: 'attention',
      runId: run.id,
      tenantId: null,
      title: 'A fleet migration left tenants behind',
      reason,
      left: left.slice(0, namedInTask).map(({ tenantId, reason: why }): LeftThing => ({
        title: `Tenant ${tenantId}`,
        where: schemaNameOf(tenantId),
        why: why ?? 'another run was changing it',
      })),
    },
    run.actor,
  );
  await moveRun(em, run, 'needs_attention', reason);
}

/** A task that no tenant in quarantine stands behind any more has nothing left to ask. */
export async function settleAttention(em: Sql, actor: Actor): Promise<void> {
  const settled = await rows<{ id: string }>(em)`
    select distinct task.run_id as id from tasks task join fleet_runs f on f.run_id = task.run_id
    where task.state = 'open' and task.kind = 'attention'
      and not exists (select 1 from quarantined_tenants q where q.run_id = f.run_id)`;
  for (const { id } of settled) await closeTasks(em, { runId: id, kinds: ['attention'] }, actor);
}

/** What was migrated stays so; the others stay where they are, and a later run takes them. */
export async function cancelFleetRun(em: Sql, run: LockedRun): Promise<void> {
  const reason = { code: 'cancelled', text: 'Cancelled on request.' };
  await rows(em)`
    update fleet_tenants set state = 'left', reason_code = ${reason.code}, reason = ${reason.text}, finished_at = now()
    where run_id = ${run.id} and state in ('pending', 'deferred')`;
  await rows(em)`
    update run_steps set state = 'skipped', finished_at = now(), reason_code = ${reason.code}, reason = ${reason.text}
    where run_id = ${run.id} and state in ('pending', 'running', 'waiting')`;
  await rows(em)`
    update fleet_waves set finished_at = now() where run_id = ${run.id} and started_at is not null and finished_at is null`;
  await closeTasks(em, { runId: run.id, kinds: ['parked'] }, run.actor);
  await moveRun(em, run, 'cancelled', reason);
}
