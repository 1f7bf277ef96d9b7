import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import { workflowIdOf, type PlannedStep, type RunQueue, type WorkflowKind } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import { kindOf } from '../events/actor.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { json, rows } from '../sql.ts';
import { refuseWhileHeld } from './exclusivity.ts';

export interface NewStep {
  title: string;
  kind: PlannedStep['kind'];
  provider: string;
  resourceId?: string;
  act: string;
  undo: string | null;
  /** Its name within the blueprint, by which later steps refer to its output. */
  key?: string;
  /** The blueprint's step as it was when the run was opened: a run is pinned to it. */
  spec?: object;
  /** What a failure for good leads to: the rollback of the run, or a person's decision. */
  onFailure?: 'rollback' | 'wait';
  skippable?: boolean;
  /** The run stops before it until a person says go on. */
  breakpoint?: boolean;
  /** What happened already in the transaction that opens the run. */
  done?: boolean;
}

export interface NewRun {
  id: string;
  kind: WorkflowKind;
  /** Null for a run of the platform. */
  tenantId: string | null;
  /** What a platform run is about, when that is not everything: one open run for each. */
  subjectId?: string;
  exclusive: boolean;
  cancellable: boolean;
  blueprint?: { name: string; version: number };
  parentRunId?: string;
  /** The run whose doing this one takes back; one at a time. */
  reverseOf?: string;
  /** Bulk work is served apart, so that nobody who waits for an answer stands behind it. */
  queue?: RunQueue;
}

/**
 * Writes a run into the ledger, in the transaction of the change that it carries out. Refuses with `run_in_progress` while
 * another exclusive run holds the tenant, or the same platform run is under way (the partial unique indexes decide, not a look
 * before). Its steps come after it by {@link addSteps}, before the transaction commits.
 */
export async function openRun(em: Sql, run: NewRun, actor: Actor): Promise<void> {
  if (run.exclusive && run.tenantId) await refuseWhileHeld(em, run.tenantId);
  const opened = await rows(em)`
    insert into runs (id, kind, tenant_id, state, exclusive, cancellable, blueprint_name, blueprint_version, parent_run_id,
                      subject_id, reverse_of, queue, actor_kind, actor_id, key_id, support_access_id, on_behalf_of, request_id, workflow_id)
    values (${run.id}, ${run.kind}, ${run.tenantId}, 'queued', ${run.exclusive}, ${run.cancellable},
            ${run.blueprint?.name ?? null}, ${run.blueprint?.version ?? null}, ${run.parentRunId ?? null},
            ${run.subjectId ?? null}, ${run.reverseOf ?? null}, ${run.queue ?? 'interactive'}, ${kindOf(actor)}, ${actor.userId},
            ${actor.keyId ?? null}, ${actor.supportAccessId ?? null}, ${actor.onBehalfOf ?? null}, ${actor.requestId},
            ${workflowIdOf(run.kind, run.tenantId, run.id)})
    on conflict do nothing
    returning id`;
  if (opened.length === 0) throw await inProgress(em, run);
  if (run.exclusive) await rows(em)`update tenants set latest_run_id = ${run.id} where id = ${run.tenantId}`;
  await appendEvent(
    em,
    { stream: `run:${run.id}`, type: 'run.opened', tenantId: run.tenantId, data: { kind: run.kind } },
    actor,
  );
}

async function inProgress(em: Sql, run: NewRun): Promise<DomainError> {
  const [holder] = await rows<{ id: string }>(em)`
    select id from runs
    where state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')
      and case when ${run.exclusive} then tenant_id = ${run.tenantId}::uuid and exclusive
          else kind = ${run.kind} and tenant_id is not distinct from ${run.tenantId}::uuid
            and subject_id is not distinct from ${run.subjectId ?? null}::uuid end`;
  const what = run.exclusive
    ? 'Another run is changing this tenant. Wait for its end or cancel it.'
    : 'The same is under way already. Wait for its end.';
  return new DomainError('run_in_progress', what, { extra: { runId: holder?.id } });
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
    key: step.key ?? null,
    spec: step.spec ?? {},
    on_failure: step.onFailure ?? 'rollback',
    skippable: step.skippable ?? false,
    breakpoint: step.breakpoint ?? false,
    done: step.done ?? false,
  }));
  await rows(em)`
    insert into run_steps (id, run_id, position, title, kind, provider, resource_id, act, undo, key, spec, on_failure,
                           skippable, breakpoint, state, attempt, started_at, finished_at)
    select id, ${runId}::uuid, position, title, kind, provider, resource_id, act, undo, key, spec, on_failure,
           skippable, breakpoint,
           case when done then 'done' else 'pending' end, case when done then 1 else 0 end,
           case when done then now() end, case when done then now() end
    from jsonb_to_recordset(${json(given)}::jsonb) as step
      (id uuid, position integer, title text, kind text, provider text, resource_id uuid, act text, undo text, key text,
       spec jsonb, on_failure text, skippable boolean, breakpoint boolean, done boolean)`;
}
