import type { Run as RunView, RunStep as StepView } from '#contracts/runs.ts';
import { runIsOver } from '#contracts/runStates.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';
import { Run, RunStep } from './runRecord.ts';

/** Where operators look at a workflow: `{address of the Temporal UI}/namespaces/…`. */
export interface TemporalPlace {
  uiUrl: string | null;
  namespace: string;
}

/** Runs with their steps and tenants, in the order given. */
export async function viewRuns(em: Sql, runs: Run[], place: TemporalPlace): Promise<RunView[]> {
  const ids = runs.map((run) => run.id);
  const steps = await em.find(RunStep, { runId: { $in: ids } }, { orderBy: { position: 'asc' } });
  const tenants = await tenantsOf(em, runs);
  const people = await emailsOf(em, runs);
  const progress = await progressOf(em, ids);
  return runs.map((run) =>
    viewRun(
      run,
      steps.filter((step) => step.runId === run.id),
      run.tenantId ? (tenants.get(run.tenantId) ?? null) : null,
      run.actorId ? (people.get(run.actorId) ?? null) : null,
      progress.get(run.id) ?? null,
      place,
    ),
  );
}

/** Null when there is no such run. */
export async function findRunView(em: Sql, runId: string, place: TemporalPlace): Promise<RunView | null> {
  const run = await em.findOne(Run, { id: runId });
  return run ? ((await viewRuns(em, [run], place))[0] ?? null) : null;
}

function viewRun(
  run: Run,
  steps: RunStep[],
  tenant: { name: string; slug: string | null } | null,
  startedBy: string | null,
  progress: RunView['progress'],
  place: TemporalPlace,
): RunView {
  const over = runIsOver(run.state);
  const ended = run.state === 'rolled_back' || run.state === 'cancelled';
  return {
    id: run.id,
    kind: run.kind,
    state: run.state,
    version: run.version,
    tenantId: run.tenantId ?? null,
    tenant,
    parentRunId: run.parentRunId ?? null,
    progress,
    reason: run.reason ?? null,
    cancelRequestedAt: isoOrNull(run.cancelRequestedAt),
    startedBy,
    createdAt: run.createdAt.toISOString(),
    startedAt: isoOrNull(run.startedAt),
    finishedAt: isoOrNull(run.finishedAt),
    may: {
      cancel: run.cancellable && !over && run.state !== 'rolling_back' && !run.cancelRequestedAt,
      tryAgain: run.kind === 'provisionTenant' && ended,
      finishRollback: run.kind === 'provisionTenant' && run.state === 'needs_attention',
    },
    temporal: {
      workflowId: run.workflowId,
      url: place.uiUrl && run.workflowStartedAt ? workflowUrl(place, run.workflowId) : null,
    },
    steps: steps.map(viewStep),
  };
}

const viewStep = (step: RunStep): StepView => ({
  id: step.id,
  title: step.title,
  provider: step.provider,
  state: step.state,
  attempt: step.state === 'undoing' || step.state === 'undo_failed' ? step.undoAttempt : step.attempt,
  startedAt: isoOrNull(step.startedAt),
  finishedAt: isoOrNull(step.finishedAt),
  reason: step.reason ?? null,
});

const workflowUrl = ({ uiUrl, namespace }: TemporalPlace, workflowId: string): string =>
  `${uiUrl}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`;

const isoOrNull = (date: Date | null | undefined): string | null => date?.toISOString() ?? null;

async function tenantsOf(em: Sql, runs: Run[]): Promise<Map<string, { name: string; slug: string | null }>> {
  const ids = [...new Set(runs.flatMap((run) => run.tenantId ?? []))];
  const found = await rows<{ id: string; name: string; slug: string | null }>(em)`
    select t.id, t.name, a.slug from tenants t
    left join lateral (
      select slug from tenant_addresses where tenant_id = t.id order by (state = 'current') desc, created_at desc limit 1
    ) a on true
    where t.id = any(${ids}::uuid[])`;
  return new Map(found.map(({ id, name, slug }) => [id, { name, slug }]));
}

async function emailsOf(em: Sql, runs: Run[]): Promise<Map<string, string>> {
  const ids = [...new Set(runs.flatMap((run) => run.actorId ?? []))];
  if (ids.length === 0) return new Map();
  const found = await rows<{ id: string; email: string }>(
    em,
  )`select id, email from users where id = any(${ids}::uuid[])`;
  return new Map(found.map(({ id, email }) => [id, email]));
}

async function progressOf(em: Sql, ids: string[]): Promise<Map<string, NonNullable<RunView['progress']>>> {
  const found = await rows<NonNullable<RunView['progress']> & { run_id: string }>(em)`
    select run_id, done, total, found, skipped from run_progress where run_id = any(${ids}::uuid[])`;
  return new Map(found.map(({ run_id, ...progress }) => [run_id, progress]));
}
