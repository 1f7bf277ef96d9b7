import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { DangerousAct } from '#contracts/approvals/acts.ts';
import type { ErrorCode } from '#contracts/errors.ts';
import type { RunState, StepState } from '#contracts/runStates.ts';
import { taskKinds, type TaskKind } from '#contracts/tasks.ts';
import type { MailKind } from '#domain/mails/outbox.ts';
import type { SignInFactor } from '#domain/people/sessions.ts';
import type { WorkflowKind } from '#contracts/workflowInputs.ts';
import type { Limited } from '#domain/settings/quotas.ts';
import type { ClearedKind } from '#domain/settings/retention.ts';

/**
 * What this process counts. Every label comes from a closed set (route patterns, kinds, states, activity types):
 * never an id, an address or a name, so that a fleet of tenants cannot blow up the time series.
 */
export const registry = new Registry();
collectDefaultMetrics({ register: registry });

const registers = [registry];
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

const httpRequestSeconds = new Histogram({
  name: 'tenantry_http_request_duration_seconds',
  help: 'Time to answer a request, by route pattern',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
  registers,
});

const runs = new Counter({
  name: 'tenantry_runs_total',
  help: 'Runs that ended, by kind and outcome',
  labelNames: ['kind', 'outcome'],
  registers,
});

const runSeconds = new Histogram({
  name: 'tenantry_run_duration_seconds',
  help: 'Time from the start of a run to its end',
  labelNames: ['kind', 'outcome'],
  buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800],
  registers,
});

const stepSeconds = new Histogram({
  name: 'tenantry_step_duration_seconds',
  help: 'Time a step of a run took, by what it drives and how it ended',
  labelNames: ['provider', 'outcome'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
  registers,
});

const activityAttempts = new Counter({
  name: 'tenantry_activity_attempts_total',
  help: 'Attempts of activities, by type and outcome',
  labelNames: ['activity', 'outcome'],
  registers,
});

const activitySeconds = new Histogram({
  name: 'tenantry_activity_duration_seconds',
  help: 'Time an attempt of an activity took',
  labelNames: ['activity'],
  buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
  registers,
});

const tenantPlans = new Counter({
  name: 'tenantry_tenant_plans_total',
  help: 'Plans of tenants: made, applied, and refused by the code of the refusal',
  labelNames: ['outcome'],
  registers,
});

const cleared = new Counter({
  name: 'tenantry_retention_cleared_total',
  help: 'Rows removed because they were kept for long enough, by what they were',
  labelNames: ['kind'],
  registers,
});

const refusedByRate = new Counter({
  name: 'tenantry_requests_refused_by_rate_total',
  help: 'Requests refused because an address, a person, a key or a tenant had too many',
  labelNames: ['by'],
  registers,
});

/** Browsers that follow a run at this moment. */
export const watchers = new Gauge({
  name: 'tenantry_sse_watchers',
  help: 'Open event streams that follow a run',
  registers,
});

const reconcilerLag = new Gauge({
  name: 'tenantry_reconciler_lag_seconds',
  help: 'Age of the oldest run that waits for the reconciler; 0 when none does',
  registers,
});

const openFindings = new Gauge({
  name: 'tenantry_findings_open',
  help: 'Differences, ghosts and orphans that nobody has repaired, removed or accepted',
  labelNames: ['kind'],
  registers,
});

const sweepIsLocked = new Gauge({
  name: 'tenantry_sweep_locked',
  help: '1 while the registry seems older than reality and nothing may be removed',
  registers,
});

const openTasks = new Gauge({
  name: 'tenantry_tasks_open',
  help: 'Tasks that wait for a person, by kind',
  labelNames: ['kind'],
  registers,
});

const heldRuns = new Gauge({
  name: 'tenantry_runs_held',
  help: 'Runs that stand still, by what for',
  labelNames: ['by'],
  registers,
});

const signIns = new Counter({
  name: 'tenantry_sign_ins_total',
  help: 'Sign-ins by how they ended and the factor that decided: unfinished ones wait for a second factor',
  labelNames: ['outcome', 'factor'],
  registers,
});

const mails = new Counter({
  name: 'tenantry_mails_total',
  help: 'Attempts to send people mails about their sign-in, by kind and outcome',
  labelNames: ['kind', 'outcome'],
  registers,
});

const notifications = new Counter({
  name: 'tenantry_notifications_total',
  help: 'Attempts to tell somebody of a task, by channel and outcome',
  labelNames: ['channel', 'outcome'],
  registers,
});

const approvals = new Counter({
  name: 'tenantry_approvals_total',
  help: 'What became of requests for approval of dangerous acts, by act and outcome',
  labelNames: ['act', 'outcome'],
  registers,
});

/** `route` is the pattern (`/api/v1/tenants/{id}`), or `unmatched`; never the path that was asked for. */
export function countRequest(seen: { method: string; route: string; status: number; seconds: number }): void {
  const method = methods.has(seen.method) ? seen.method : 'other';
  const key = `${method} ${seen.status} ${seen.route}`;
  let series = requestSeries.get(key);
  if (!series) {
    series = httpRequestSeconds.labels({ method, route: seen.route, status: String(seen.status) });
    requestSeries.set(key, series);
  }
  series.observe(seen.seconds);
}

/** The labels are a closed set; finding their series anew costs more than counting. */
const requestSeries = new Map<string, { observe(seconds: number): void }>();

export const countCleared = (kind: ClearedKind, count: number): void => cleared.inc({ kind }, count);

export const countRefusedByRate = (by: Limited): void => refusedByRate.inc({ by });

export const countTenantPlan = (outcome: 'made' | 'applied' | ErrorCode): void => tenantPlans.inc({ outcome });

export function countRun(ended: { kind: WorkflowKind; outcome: RunState; seconds: number }): void {
  runs.inc({ kind: ended.kind, outcome: ended.outcome });
  runSeconds.observe({ kind: ended.kind, outcome: ended.outcome }, ended.seconds);
}

export function countStep(ended: { provider: string; outcome: StepState; seconds: number }): void {
  stepSeconds.observe({ provider: ended.provider, outcome: ended.outcome }, ended.seconds);
}

/** Times one attempt of an activity and counts how it ended; the error passes through. */
export async function countAttempt<T>(activity: string, attempt: () => Promise<T>): Promise<T> {
  const stop = activitySeconds.startTimer({ activity });
  try {
    const result = await attempt();
    activityAttempts.inc({ activity, outcome: 'done' });
    return result;
  } catch (error) {
    activityAttempts.inc({ activity, outcome: 'failed' });
    throw error;
  } finally {
    stop();
  }
}

export interface OpenFindings {
  drift: number;
  ghost: number;
  orphan: number;
  locked: number;
}

export function reportFindings({ locked, ...open }: OpenFindings): void {
  for (const [kind, count] of Object.entries(open)) openFindings.set({ kind }, count);
  sweepIsLocked.set(locked);
}

export const reportReconcilerLag = (seconds: number): void => reconcilerLag.set(Math.max(0, seconds));

/** What holds a run, without which provider it is: `circuit:storage` counts as `circuit`. */
const holds = ['decision', 'pause', 'breakpoint', 'provisioning', 'circuit'] as const;

export function reportHeldRuns(counts: ReadonlyMap<string, number>): void {
  for (const by of holds) heldRuns.set({ by }, counts.get(by) ?? 0);
}

export function reportOpenTasks(counts: ReadonlyMap<TaskKind, number>): void {
  for (const kind of taskKinds) openTasks.set({ kind }, counts.get(kind) ?? 0);
}

const supportAccesses = new Counter({
  name: 'tenantry_support_accesses_total',
  help: 'What became of support accesses, by how they were come by',
  labelNames: ['kind', 'outcome'],
  registers,
});

export const countSupportAccess = (
  kind: 'consent' | 'break_glass',
  outcome: 'asked' | 'broken' | 'allowed' | 'refused' | 'revoked' | 'entered' | 'ended',
): void => supportAccesses.inc({ kind, outcome });

export type ApprovalOutcome = 'requested' | 'approved' | 'refused' | 'withdrawn' | 'used' | 'given_back' | 'expired';

export const countApproval = (act: DangerousAct, outcome: ApprovalOutcome): void => approvals.inc({ act, outcome });
export const countSignIn = (
  outcome: 'succeeded' | 'refused' | 'limited' | 'unfinished',
  factor: SignInFactor | 'none',
): void => signIns.inc({ outcome, factor });

export const countMail = (kind: MailKind, outcome: 'sent' | 'failed' | 'dead'): void => mails.inc({ kind, outcome });

export const countNotification = (channel: 'mail' | 'webhook', outcome: 'sent' | 'failed' | 'dead'): void =>
  notifications.inc({ channel, outcome });

/** Serves `/metrics` on the loopback interface only: it needs no sign-in, so it must not be reachable from outside. */
export async function startMetricsServer(port: number): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`,
    stop: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}
