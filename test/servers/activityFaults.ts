import { rows } from '#domain/sql.ts';
import type { WorkerDeps } from '#workers/createDeps.ts';
import type { StepIn } from './faults.ts';

type Call = (...args: unknown[]) => Promise<unknown>;

/** Around these `stepInto` stands, closer to the effect. */
const kept = /\.(ensure|destroy)$/;

/**
 * The positions of the activities that no provider keeps, by their own names. The report of a step is `<provider>.<state>`
 * (`database.done`, `realm.undone`), so that a test can stand between what was done and what comes next.
 */
export function stepIntoActivities(
  activities: object,
  deps: WorkerDeps,
  stepIn: StepIn,
  answerOf: (at: string, tenantId: string | null, answer: unknown) => unknown = (_at, _tenantId, answer) => answer,
): object {
  const around =
    (name: string, call: Call): Call =>
    async (...args) => {
      const at = await positionOf(deps, name, args);
      const tenantId = await tenantOf(deps, args[0]);
      await stepIn({ at, when: 'before' }, 1, tenantId);
      const result = await call(...args);
      await stepIn({ at, when: 'after' }, 1, tenantId);
      return answerOf(at, tenantId, result);
    };
  return Object.fromEntries(
    Object.entries(activities).map(([name, call]: [string, Call]) => [
      name,
      kept.test(name) ? call : around(name, call),
    ]),
  );
}

async function positionOf({ registry }: WorkerDeps, name: string, [step, to]: unknown[]): Promise<string> {
  if (name !== 'ledger.finishStep') return name;
  const { stepId } = step as { stepId: string };
  const [row] = await rows<{ provider: string }>(registry.em.fork())`
    select provider from run_steps where id = ${stepId}`;
  return `${row?.provider ?? 'unknown'}.${String(to)}`;
}

/** Most are told a tenant; who is told a run only is asked for its tenant. A run of the platform stands for itself. */
async function tenantOf({ registry }: WorkerDeps, told: unknown): Promise<string | null> {
  if (typeof told === 'object' && told !== null) {
    const { tenantId, runId } = told as { tenantId?: string | null; runId?: string };
    return tenantId ?? runId ?? null;
  }
  const [run] = await rows<{ tenant_id: string | null }>(registry.em.fork())`
    select tenant_id from runs where id = ${String(told)}`;
  return run?.tenant_id ?? null;
}
