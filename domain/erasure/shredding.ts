import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import { runIsOver } from '#contracts/runStates.ts';
import type { PlatformRef, RunRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import type { Platform } from '../platform.ts';
import { addSteps, openRun } from '../runs/openRun.ts';
import { lockRun, moveRun, type Ledger } from '../runs/ledger.ts';
import { rows } from '../sql.ts';

const step = (title: string, provider: string, act: string) => ({
  title,
  kind: 'fixed' as const,
  provider,
  act,
  undo: null,
});

/**
 * Opens the platform's own run that destroys the key of an erased tenant: with it go its histories and whatever backups hold of it.
 * In the transaction in which the tenant becomes `erased`.
 */
export async function openShredding(
  em: Sql,
  tenantId: string,
  parentRunId: string | null,
  actor: Actor,
): Promise<string> {
  const id = newId();
  await openRun(
    em,
    {
      id,
      kind: 'shredTenantKey',
      tenantId: null,
      subjectId: tenantId,
      exclusive: false,
      cancellable: false,
      ...(parentRunId ? { parentRunId } : {}),
    },
    actor,
  );
  await addSteps(em, id, [
    step('Wait until its workflows have ended', 'workflows', 'workflows.ended'),
    step('Destroy the key', 'key', 'key.destroy'),
    step('Wait until every process has forgotten it', 'memory', 'memory.forgotten'),
    step('Write the erasure ledger, issue the certificate', 'certificate', 'certificate.issue'),
  ]);
  await rows(em)`update erasures set shred_run_id = ${id} where tenant_id = ${tenantId}`;
  return id;
}

/** Before anything of a step is done. */
export async function beginShredding(
  ledger: Ledger,
  { runId, epoch, stepId }: RunRef & { stepId: string },
): Promise<void> {
  await ledger.onRun({ runId, epoch }, async (em, run) => {
    if (runIsOver(run.state)) throw new DomainError('run_over', `The run has ended (${run.state}).`);
    if (run.state === 'queued') await moveRun(em, run, 'running');
    const begun = await rows(em)`
      update run_steps set state = 'running', attempt = attempt + 1, started_at = coalesce(started_at, now())
      where id = ${stepId} and state in ('pending', 'running') returning id`;
    return { changed: begun.length > 0, result: undefined };
  });
}

/** What completes a shredding whose workflow was lost; null when it was complete. */
export async function reopenShredding(em: Sql, lostRunId: string): Promise<string | null> {
  const run = await lockRun(em, lostRunId);
  const [open] = await rows<{ tenant_id: string }>(em)`
    select e.tenant_id from erasures e join runs r on r.subject_id = e.tenant_id
    where r.id = ${lostRunId} and e.certified_at is null`;
  return open ? openShredding(em, open.tenant_id, lostRunId, run.actor) : null;
}

/** The run that follows a removal; null when nothing is to be certified. */
export async function shreddingAfter(em: Sql, tenantId: string): Promise<string | null> {
  const [row] = await rows<{ id: string | null }>(em)`
    select shred_run_id as id from erasures where tenant_id = ${tenantId} and certified_at is null`;
  return row?.id ?? null;
}

/** Of a tenant that a shredding is about. Refuses (`run_over`) when the tenant is not erased: then its key is in use. */
export async function erasedTenantOf(em: Sql, ref: Pick<PlatformRef, 'runId'>): Promise<string> {
  const [row] = await rows<{ id: string }>(em)`
    select t.id from runs r join tenants t on t.id = r.subject_id where r.id = ${ref.runId} and t.state = 'erased'`;
  if (!row) throw new DomainError('run_over', 'The tenant is not erased; its key stays.');
  return row.id;
}

/** The workflows of a tenant: how many are under way by the ledger, and the ids of all that ever ran, for Temporal to be asked. */
export async function workflowsOf(em: Sql, tenantId: string): Promise<{ open: number; ids: string[] }> {
  const found = await rows<{ workflow_id: string; open: boolean }>(em)`
    select workflow_id, state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention') as open
    from runs where tenant_id = ${tenantId} and workflow_started_at is not null`;
  return { open: found.filter(({ open }) => open).length, ids: found.map(({ workflow_id }) => workflow_id) };
}

/**
 * Nothing that was sealed with it opens again. Other processes forget it by themselves within seconds, whatever they are told; until
 * then they have it in memory.
 */
export async function destroyKey(
  { registry, tenantKeys }: Pick<Platform, 'registry' | 'tenantKeys'>,
  ref: PlatformRef,
): Promise<void> {
  const em = registry.em.fork();
  await em.transactional(async (tx) => {
    const run = await lockRun(tx, ref.runId);
    const tenantId = await erasedTenantOf(tx, ref);
    const destroyed = await rows(tx)`
      update tenant_keys set wrapped = null, shredded_at = clock_timestamp()
      where tenant_id = ${tenantId} and wrapped is not null returning id`;
    await rows(tx)`
      update erasures set key_destroyed_at = coalesce(key_destroyed_at, clock_timestamp()) where tenant_id = ${tenantId}`;
    if (destroyed.length > 0) {
      await rows(tx)`select 1 from tenants where id = ${tenantId} for update`;
      await appendEvent(tx, { stream: `tenant:${tenantId}`, type: 'tenant.key_destroyed', tenantId }, run.actor);
    }
    tenantKeys.forget(tenantId);
  });
}
