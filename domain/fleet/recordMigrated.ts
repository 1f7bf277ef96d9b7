import { runIsOver } from '#contracts/runStates.ts';
import type { Reason } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import { appendEvents } from '../events/appendEvent.ts';
import type { Ledger } from '../runs/ledger.ts';
import { json, rows } from '../sql.ts';
import type { FleetRef } from './nextOfRun.ts';
import { noteVersions } from './versions.ts';

/** What became of a tenant. */
export interface Outcome {
  tenantId: string;
  is: 'migrated' | 'quarantined' | 'gone';
  from: number | null;
  version: number | null;
  attempts: number;
  milliseconds: number;
  migration: string | null;
  reason: Reason | null;
}

/** What a batch came to, in one transaction. Writing it twice writes it once. */
export const recordMigrated = (
  ledger: Ledger,
  ref: FleetRef,
  { outcomes, held }: { outcomes: Outcome[]; held: string[] },
): Promise<void> =>
  ledger.onRun(ref, async (em, run) => {
    await rows(em)`
      update fleet_tenants set state = 'deferred', attempts = attempts + 1, reason_code = 'run_in_progress',
        reason = 'Another run is changing this tenant.', retry_at = now() + make_interval(secs => least(30, 1 + attempts))
      where run_id = ${run.id} and tenant_id = any(${held}::uuid[]) and state in ('pending', 'deferred')`;
    const written = await writeOutcomes(em, run.id, outcomes);
    const isNew = new Set(written.map(({ tenantId }) => tenantId));
    const fresh = outcomes.filter(({ tenantId }) => isNew.has(tenantId));
    await noteVersions(
      em,
      fresh.flatMap(({ tenantId, version }) => (version === null ? [] : [{ tenantId, version }])),
    );
    await writeQuarantine(em, run.id, fresh);
    // Whoever else tells something of these tenants waits: their events are numbered.
    await rows(em)`select 1 from tenants where id = any(${[...isNew]}::uuid[]) order by id for no key update`;
    await appendEvents(
      em,
      fresh
        .filter(({ is }) => is !== 'gone')
        .map(({ tenantId, is, from, version, migration, reason }) => ({
          stream: `tenant:${tenantId}` as const,
          type: is === 'migrated' ? 'tenant.migrated' : 'tenant.quarantined',
          tenantId,
          data: { runId: run.id, from, version, ...(migration ? { migration } : {}) },
          ...(reason ? { outcome: 'failed' as const, code: reason.code } : {}),
        })),
      run.actor,
    );
    const found = fresh.filter(({ is }) => is === 'quarantined').length;
    await rows(em)`
      update run_progress set done = done + ${fresh.length}::int, found = found + ${found}::int, updated_at = now()
      where run_id = ${run.id}`;
    return { changed: fresh.length > 0 && !runIsOver(run.state), result: undefined };
  });

const writeOutcomes = (em: Sql, runId: string, outcomes: Outcome[]): Promise<{ tenantId: string }[]> =>
  rows<{ tenantId: string }>(em)`
    update fleet_tenants f set state = o."is", from_version = coalesce(o."from", f.from_version), version = o.version,
      attempts = f.attempts + o.attempts, reason_code = o.reason ->> 'code', reason = o.reason ->> 'text',
      milliseconds = o.milliseconds, retry_at = null, finished_at = now()
    from jsonb_to_recordset(${json(outcomes)}::jsonb) as o
      ("tenantId" uuid, "is" text, "from" integer, version integer, attempts integer, milliseconds integer, reason jsonb)
    -- A run that was cancelled meanwhile has given the tenant up; what was done to it is true all the same.
    where f.run_id = ${runId} and f.tenant_id = o."tenantId" and f.state in ('pending', 'deferred', 'left')
    returning f.tenant_id as "tenantId"`;

async function writeQuarantine(em: Sql, runId: string, outcomes: Outcome[]): Promise<void> {
  const isWell = outcomes.filter(({ is }) => is !== 'quarantined').map(({ tenantId }) => tenantId);
  await rows(em)`delete from quarantined_tenants where tenant_id = any(${isWell}::uuid[])`;
  const poisoned = outcomes.filter(({ is }) => is === 'quarantined');
  if (poisoned.length === 0) return;
  await rows(em)`
    insert into quarantined_tenants (tenant_id, run_id, migration, reason_code, reason)
    select "tenantId", ${runId}::uuid, migration, reason ->> 'code', reason ->> 'text'
    from jsonb_to_recordset(${json(poisoned)}::jsonb) as o ("tenantId" uuid, migration text, reason jsonb)
    on conflict (tenant_id) do update set run_id = excluded.run_id, migration = excluded.migration,
      reason_code = excluded.reason_code, reason = excluded.reason, quarantined_at = now()`;
}
