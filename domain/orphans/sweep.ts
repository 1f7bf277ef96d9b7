import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import type { PlatformRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import { recordDifferences, type Compared } from '../drift/recordDifferences.ts';
import { settleDriftTask } from '../drift/openFindings.ts';
import type { Actor } from '../events/appendEvent.ts';
import type { Ledger } from '../runs/ledger.ts';
import { addSteps, openRun } from '../runs/openRun.ts';
import { advance, beginPlatformRun, closePlatformRun, placeOf, type Skipped } from '../runs/platformRun.ts';
import { json, rows } from '../sql.ts';
import { candidates, sightingsOf } from './candidates.ts';
import { recordOrphans, settleOrphansTask } from './orphanFindings.ts';
import { lockSweep } from './sweepLock.ts';

/** Something outside that carries our tag, or (without resource and run) has a name that only we give. */
export interface Sighting {
  provider: string;
  externalId: string;
  what: string;
  tenantId: string | null;
  resourceId: string | null;
  madeBy: string | null;
}

/** Opens the run that compares what is outside with the registry, both ways. Refuses with `run_in_progress`. */
export async function openSweep(em: Sql, _tenantId: null, actor: Actor, runId = newId()): Promise<string> {
  await openRun(em, { id: runId, kind: 'sweepOrphans', tenantId: null, exclusive: false, cancellable: false }, actor);
  await addSteps(em, runId, [
    {
      title: 'Search every system for what carries our tag',
      kind: 'fixed',
      provider: 'orphans',
      act: 'orphans.sweepPage',
      undo: null,
    },
    {
      title: 'Compare it with the registry, both ways',
      kind: 'fixed',
      provider: 'orphans',
      act: 'orphans.compare',
      undo: null,
    },
  ]);
  return runId;
}

/** Where the sweep is; begins it. */
export async function placeOfSweep(ledger: Ledger, ref: PlatformRef): Promise<string | null> {
  return ledger.onRun(ref, async (em, run) => {
    const changed = await beginPlatformRun(em, run);
    return { changed, result: await placeOf(em, run.id) };
  });
}

/** Writes down a page of what was seen, once, and goes on to the next. */
export async function recordSightings(
  ledger: Ledger,
  ref: PlatformRef,
  { from, to, seen }: { from: string | null; to: string; seen: Sighting[] },
): Promise<void> {
  await ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) throw new DomainError('run_over', `The run has ended (${run.state}).`);
    const changed = await advance(em, run.id, from, to, { done: seen.length, found: 0, skipped: [] });
    if (changed)
      await rows(em)`
        insert into sweep_sightings (run_id, provider, external_id, what, tenant_id, resource_id, made_by)
        select ${run.id}::uuid, provider, "externalId", what, "tenantId", "resourceId", "madeBy"
        from jsonb_to_recordset(${json(seen)}::jsonb) as s
          (provider text, "externalId" text, what text, "tenantId" uuid, "resourceId" uuid, "madeBy" uuid)
        on conflict do nothing`;
    return { changed, result: undefined };
  });
}

export interface MissingResource {
  id: string;
  tenantId: string;
  provider: string;
  access: 'open' | 'suspended';
  region: string;
  runId: string;
  epoch: number;
  title: string;
}

/** What the registry says is present and the sweep did not see; `verify` has the last word on it. */
export async function missingResources(em: Sql, runId: string): Promise<MissingResource[]> {
  return rows<MissingResource>(em)`
    select r.id, r.tenant_id as "tenantId", r.provider, r.access, t.region, r.run_id as "runId", r.epoch, r.title
    from resources r join tenants t on t.id = r.tenant_id
    where r.state = 'present'
      and r.updated_at < (select created_at from runs where id = ${runId})
      and not exists (select 1 from sweep_sightings s where s.run_id = ${runId} and s.resource_id = r.id
                        and (r.external_id is null or s.external_id = r.external_id))
      and not exists (
        select 1 from runs where runs.tenant_id = r.tenant_id and runs.exclusive
          and runs.state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention'))
    order by r.id`;
}

/** Runs that left their mark outside and that the registry never heard of, but for those that a person has reconciled. */
async function unheardRuns(em: Sql, witnesses: { runId: string; at: string }[]): Promise<number> {
  const [unheard] = await rows<{ count: number }>(em)`
    select count(*)::integer as count
    from jsonb_to_recordset(${json(witnesses)}::jsonb) as w ("runId" uuid, at timestamptz), installations i
    where (i.sweep_reconciled_at is null or w.at > i.sweep_reconciled_at)
      and not exists (select 1 from runs where runs.id = w."runId")`;
  return unheard?.count ?? 0;
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

/** Ends the sweep: findings, the lock where reality is ahead, and the task that asks for a person. */
export async function closeSweep(
  ledger: Ledger,
  ref: PlatformRef,
  came: { graceSeconds: number; ghosts: Compared[]; failed: Skipped[]; witnesses: { runId: string; at: string }[] },
): Promise<RunState> {
  return ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: run.state };
    const by = { runId: run.id, actor: run.actor };
    await rows(em)`select 1 from installations for update`;
    const orphans = await candidates(em, sightingsOf(run.id), came.graceSeconds);
    const found = (await recordOrphans(em, orphans, by)) + (await recordDifferences(em, came.ghosts, by));
    const [ahead] = await rows<{ count: number }>(em)`
      select count(*)::integer as count from orphan_findings
      where state in ('open', 'accepted') and why in ('unknown_run', 'unknown_store') and reconciled_at is null`;
    const unheard = await unheardRuns(em, came.witnesses);
    if (ahead && ahead.count + unheard > 0)
      await lockSweep(
        em,
        `The registry was restored to an earlier state. Outside, ${count(ahead.count, 'thing')} and the marks of ${count(unheard, 'run')} tell of what it never heard of.`,
        run.actor,
      );
    const place = await placeOf(em, run.id);
    await advance(em, run.id, place, 'compared', { done: 0, found, skipped: came.failed });
    await rows(em)`delete from sweep_sightings where run_id = ${run.id}`;
    await settleOrphansTask(em, run.id, run.actor);
    await settleDriftTask(em, run.id, run.actor);
    return { changed: true, result: await closePlatformRun(em, run) };
  });
}
