import type { Run as RunView, RunDecision, RunStep as StepView } from '#contracts/runs.ts';
import { runIsOver } from '#contracts/runStates.ts';
import { pausableKinds } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';
import { goesOn, possibleDecisions } from './deciding/decideRun.ts';
import { isFinishable } from './ending/takeBack.ts';
import { Run, RunStep } from './runRecord.ts';
import { decisionsOf } from './deciding/viewDecisions.ts';

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
  const decisions = await decisionsOf(em, ids);
  const reversed = await reversedOf(em, runs);
  return runs.map((run) =>
    viewRun(
      run,
      steps.filter((step) => step.runId === run.id),
      run.tenantId ? tenants.get(run.tenantId) : undefined,
      run.actorId ? (people.get(run.actorId) ?? null) : null,
      progress.get(run.id) ?? null,
      decisions.get(run.id) ?? [],
      reversed,
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
  known: KnownTenant | undefined,
  startedBy: string | null,
  progress: RunView['progress'],
  decisions: RunDecision[],
  reversed: ReadonlySet<string>,
  place: TemporalPlace,
): RunView {
  const over = runIsOver(run.state);
  const ended = run.state === 'rolled_back' || run.state === 'cancelled';
  const heldStep = steps.find(({ id }) => id === run.heldStepId);
  const isDecided = decisions.some(({ takenAt }) => takenAt === null);
  return {
    id: run.id,
    kind: run.kind,
    state: run.state,
    version: run.version,
    tenantId: run.tenantId ?? null,
    tenant: known?.tenant ?? null,
    parentRunId: run.parentRunId ?? null,
    reversibleUntil: isoOrNull(run.reversibleUntil),
    reverseOf: run.reverseOf ?? null,
    blueprint:
      run.blueprintName && run.blueprintVersion ? { name: run.blueprintName, version: run.blueprintVersion } : null,
    progress,
    reason: run.reason ?? null,
    cancelRequestedAt: isoOrNull(run.cancelRequestedAt),
    startedBy,
    createdAt: run.createdAt.toISOString(),
    startedAt: isoOrNull(run.startedAt),
    finishedAt: isoOrNull(run.finishedAt),
    queue: run.queue,
    pauseRequestedAt: isoOrNull(run.pauseRequestedAt),
    held:
      run.heldBy && run.heldStepId
        ? {
            by: run.heldBy,
            since: (run.heldSince ?? run.createdAt).toISOString(),
            stepId: run.heldStepId,
            reasonCode: heldStep?.reasonCode ?? null,
          }
        : null,
    decisions,
    may: {
      ...mayBePaused(run),
      decide:
        run.cancelRequestedAt || isDecided ? [] : possibleDecisions(run.heldBy ?? null, heldStep ?? null, run.kind),
      cancel: run.cancellable && !over && run.state !== 'rolling_back' && !run.cancelRequestedAt,
      tryAgain: run.kind === 'provisionTenant' && ended,
      finishRollback: isFinishable(run.kind) && run.state === 'needs_attention' && !known?.isGone,
      reverse: (run.reversibleUntil?.getTime() ?? 0) > Date.now() && !reversed.has(run.id),
    },
    temporal: {
      workflowId: run.workflowId,
      url: place.uiUrl && run.workflowStartedAt ? workflowUrl(place, run.workflowId) : null,
    },
    steps: steps.map((step) => viewStep(run, step)),
  };
}

/** Which of them another run takes back, or took. */
async function reversedOf(em: Sql, runs: Run[]): Promise<ReadonlySet<string>> {
  const offered = runs.filter(({ reversibleUntil }) => reversibleUntil).map(({ id }) => id);
  if (offered.length === 0) return new Set();
  const found = await rows<{ id: string }>(em)`
    select reverse_of as id from runs where reverse_of = any(${offered}::uuid[])
      and state not in ('rolled_back', 'cancelled', 'needs_attention')`;
  return new Set(found.map(({ id }) => id));
}

function mayBePaused(run: Run): { pause: boolean; resume: boolean } {
  const open = goesOn(run);
  const isAsked = Boolean(run.pauseRequestedAt);
  return { pause: open && pausableKinds.includes(run.kind) && !isAsked, resume: open && isAsked };
}

const viewStep = (run: Run, step: RunStep): StepView => ({
  id: step.id,
  title: step.title,
  key: step.key ?? null,
  breakpoint: step.breakpoint,
  may: {
    break: step.state === 'pending' && step.kind !== 'fixed' && pausableKinds.includes(run.kind),
    edit: step.id === run.heldStepId && run.heldBy === 'decision' && (step.kind === 'http' || step.kind === 'custom'),
  },
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

interface KnownTenant {
  tenant: NonNullable<RunView['tenant']>;
  /** Nothing is left of it that a run could give back. */
  isGone: boolean;
}

async function tenantsOf(em: Sql, runs: Run[]): Promise<Map<string, KnownTenant>> {
  const ids = [...new Set(runs.flatMap((run) => run.tenantId ?? []))];
  const found = await rows<NonNullable<RunView['tenant']> & { id: string; isGone: boolean }>(em)`
    select t.id, t.name, a.slug, t.plan, t.state in ('erased', 'rolled_back') as "isGone" from tenants t
    left join lateral (
      select slug from tenant_addresses where tenant_id = t.id order by (state = 'current') desc, created_at desc limit 1
    ) a on true
    where t.id = any(${ids}::uuid[])`;
  return new Map(found.map(({ id, isGone, ...tenant }) => [id, { tenant, isGone }]));
}

async function emailsOf(em: Sql, runs: Run[]): Promise<Map<string, string>> {
  const ids = [...new Set(runs.flatMap((run) => run.actorId ?? []))];
  if (ids.length === 0) return new Map();
  const found = await rows<{ id: string; email: string }>(
    em,
  )`select id, email from users where id = any(${ids}::uuid[]) and tenant_id is null`;
  return new Map(found.map(({ id, email }) => [id, email]));
}

async function progressOf(em: Sql, ids: string[]): Promise<Map<string, NonNullable<RunView['progress']>>> {
  const found = await rows<NonNullable<RunView['progress']> & { run_id: string }>(em)`
    select run_id, done, total, found, per_second as "perSecond", (
      select coalesce(jsonb_agg(jsonb_build_object(
        'tenantId', s."tenantId", 'title', concat_ws(': ', t.name, s.what), 'why', s.why) order by t.name, s.what), '[]')
      from jsonb_to_recordset(skipped) as s ("tenantId" uuid, what text, why text) left join tenants t on t.id = s."tenantId"
    ) as skipped
    from run_progress where run_id = any(${ids}::uuid[])`;
  return new Map(found.map(({ run_id, ...progress }) => [run_id, progress]));
}
