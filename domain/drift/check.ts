import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import type { PlatformRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import type { Ledger } from '../runs/ledger.ts';
import { addSteps, openRun } from '../runs/openRun.ts';
import { advance, beginPlatformRun, closePlatformRun, placeOf, type Skipped } from '../runs/platformRun.ts';
import { rows } from '../sql.ts';
import { settleDriftTask } from './openFindings.ts';
import { recordDifferences, type Compared } from './recordDifferences.ts';

const batchSize = 50;

/** A resource that is to be compared with its specification. */
export interface ToCompare {
  id: string;
  tenantId: string;
  provider: string;
  access: 'open' | 'suspended';
  region: string;
  runId: string;
  epoch: number;
  title: string;
  /** Changes with every act on it; what was compared before is worth nothing then. */
  updatedAt: string;
}

/** Opens the run that compares the resources of one tenant, or of all. Refuses with `not_found`, `run_in_progress`. */
export async function openCheck(em: Sql, tenantId: string | null, actor: Actor, runId = newId()): Promise<string> {
  if (tenantId) {
    const found = await rows(em)`select 1 from tenants where id = ${tenantId}`;
    if (found.length === 0) throw new DomainError('not_found', 'There is no such tenant.');
  }
  await openRun(em, { id: runId, kind: 'checkDrift', tenantId, exclusive: false, cancellable: false }, actor);
  await addSteps(em, runId, [
    {
      title: 'Compare each resource with what was made',
      kind: 'fixed',
      provider: 'drift',
      act: 'drift.check',
      undo: null,
    },
  ]);
  return runId;
}

/** Where the check is, and what comes next; nothing when all was looked at. Safe to repeat: only {@link recordBatch} goes on. */
export async function nextBatch(
  ledger: Ledger,
  ref: PlatformRef,
): Promise<{ place: string | null; batch: ToCompare[] }> {
  return ledger.onRun(ref, async (em, run) => {
    const changed = await beginPlatformRun(
      em,
      run,
      () =>
        rows<{ count: number }>(em)`
        select count(*)::integer as count from resources
        where state = 'present' and (${ref.tenantId}::uuid is null or tenant_id = ${ref.tenantId}::uuid)`,
    );
    const place = await placeOf(em, ref.runId);
    const batch = await rows<ToCompare>(em)`
      select r.id, r.tenant_id as "tenantId", r.provider, r.access, t.region, r.run_id as "runId", r.epoch, r.title,
             r.updated_at::text as "updatedAt"
      from resources r join tenants t on t.id = r.tenant_id
      where r.state = 'present' and (${ref.tenantId}::uuid is null or r.tenant_id = ${ref.tenantId}::uuid)
        and r.id > coalesce(${place}::uuid, '00000000-0000-0000-0000-000000000000')
      order by r.id limit ${batchSize}`;
    return { changed, result: { place, batch } };
  });
}

/**
 * Writes what a batch came to and goes on from its end, in one transaction: a batch whose worker died is looked at again and counted
 * once. Tenants that a run is changing, or changed meanwhile, are skipped and named: what was seen of them may be half-made.
 */
export async function recordBatch(
  ledger: Ledger,
  ref: PlatformRef,
  { place, batch }: { place: string | null; batch: ToCompare[] },
  outcome: { compared: Compared[]; failed: Skipped[] },
): Promise<void> {
  await ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) throw new DomainError('run_over', `The run has ended (${run.state}).`);
    const changing = await beingChanged(em, batch);
    const found = await recordDifferences(
      em,
      outcome.compared.filter(({ resourceId }) => !changing.has(resourceId)),
      { runId: run.id, actor: run.actor },
    );
    const passedOver = batch
      .filter(({ id }) => changing.has(id))
      .map(({ tenantId, title }) => ({
        tenantId,
        what: title,
        why: 'A run is changing this tenant, or changed it meanwhile.',
      }));
    const last = batch.at(-1)?.id ?? place;
    const changed = await advance(em, run.id, place, last, {
      done: batch.length,
      found,
      skipped: [...passedOver, ...outcome.failed],
    });
    return { changed, result: undefined };
  });
}

async function beingChanged(em: Sql, batch: ToCompare[]): Promise<Set<string>> {
  const asked = batch.map(({ id }) => id);
  const untouched = await rows<{ id: string; updatedAt: string }>(em)`
    select r.id, r.updated_at::text as "updatedAt" from resources r
    where r.id = any(${asked}::uuid[]) and r.state = 'present' and not exists (
      select 1 from runs where runs.tenant_id = r.tenant_id and exclusive
        and runs.state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention'))`;
  const still = new Map(untouched.map(({ id, updatedAt }) => [id, updatedAt]));
  return new Set(batch.filter(({ id, updatedAt }) => still.get(id) !== updatedAt).map(({ id }) => id));
}

/** Ends the check. One that could not look at something is no success: a check that did not run must not look green. */
export async function closeCheck(ledger: Ledger, ref: PlatformRef): Promise<RunState> {
  return ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: run.state };
    await settleDriftTask(em, run.id, run.actor);
    return { changed: true, result: await closePlatformRun(em, run) };
  });
}
