import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import { workflowIdOf, type WorkflowKind } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { json, rows } from '../sql.ts';

export interface NewStep {
  title: string;
  kind: 'fixed' | 'resource' | 'check';
  provider: string;
  resourceId?: string;
  act: string;
  undo: string | null;
  /** What happened already in the transaction that opens the run. */
  done?: boolean;
}

export interface NewRun {
  id: string;
  kind: WorkflowKind;
  tenantId: string;
  exclusive: boolean;
  cancellable: boolean;
  blueprint?: { name: string; version: number };
  parentRunId?: string;
}

/**
 * Writes a run into the ledger, in the transaction of the change that it carries out. Refuses with `run_in_progress` while
 * another exclusive run holds the tenant (the partial unique index decides, not a look before). Its steps come after it by
 * {@link addSteps}, before the transaction commits.
 */
export async function openRun(em: Sql, run: NewRun, actor: Actor): Promise<void> {
  const opened = await rows(em)`
    insert into runs (id, kind, tenant_id, state, exclusive, cancellable, blueprint_name, blueprint_version, parent_run_id,
                      actor_id, request_id, workflow_id)
    values (${run.id}, ${run.kind}, ${run.tenantId}, 'queued', ${run.exclusive}, ${run.cancellable},
            ${run.blueprint?.name ?? null}, ${run.blueprint?.version ?? null}, ${run.parentRunId ?? null},
            ${actor.userId}, ${actor.requestId}, ${workflowIdOf(run.kind, run.tenantId, run.id)})
    on conflict (tenant_id) where exclusive and state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')
      do nothing
    returning id`;
  if (opened.length === 0) {
    const [holder] = await rows<{ id: string }>(em)`
      select id from runs where tenant_id = ${run.tenantId} and exclusive
        and state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')`;
    throw new DomainError('run_in_progress', 'Another run is changing this tenant. Wait for its end or cancel it.', {
      extra: { runId: holder?.id },
    });
  }
  if (run.exclusive) await rows(em)`update tenants set latest_run_id = ${run.id} where id = ${run.tenantId}`;
  await appendEvent(
    em,
    { stream: `run:${run.id}`, type: 'run.opened', tenantId: run.tenantId, data: { kind: run.kind } },
    actor,
  );
}

/** The rows that promise each step's undo; they exist before any workflow does. */
export async function addSteps(em: Sql, runId: string, steps: NewStep[]): Promise<void> {
  const given = steps.map((step, position) => ({
    id: newId(),
    position,
    title: step.title,
    kind: step.kind,
    provider: step.provider,
    resource_id: step.resourceId ?? null,
    act: step.act,
    undo: step.undo,
    done: step.done ?? false,
  }));
  await rows(em)`
    insert into run_steps (id, run_id, position, title, kind, provider, resource_id, act, undo, state, attempt, started_at, finished_at)
    select id, ${runId}::uuid, position, title, kind, provider, resource_id, act, undo,
           case when done then 'done' else 'pending' end, case when done then 1 else 0 end,
           case when done then now() end, case when done then now() end
    from jsonb_to_recordset(${json(given)}::jsonb) as step
      (id uuid, position integer, title text, kind text, provider text, resource_id uuid, act text, undo text, done boolean)`;
}
