import { rows } from '#domain/sql.ts';
import type { WorkerDeps } from '#workers/createDeps.ts';
import type { StepIn } from './faults.ts';

type Call = (...args: unknown[]) => Promise<unknown>;

/** Around these verbs of providers `stepInto` stands, closer to the effect. */
const verbs = new Set(['ensure', 'suspend', 'open', 'destroy']);

/**
 * The positions of the activities that no provider keeps, by their own names. The report of a step is `<provider>.<state>`
 * (`database.done`, `realm.undone`), so that a test can stand between what was done and what comes next.
 */
export function stepIntoActivities(
  activities: object,
  deps: WorkerDeps,
  stepIn: StepIn,
  answerOf: (at: string, tenantId: string | null, answer: unknown) => unknown = (_at, _tenantId, answer) => answer,
  done: (at: string) => void = () => undefined,
): object {
  const around =
    (name: string, call: Call): Call =>
    async (...args) => {
      const at = await positionOf(deps, name, args);
      const tenantId = await tenantOf(deps, args[0]);
      try {
        await stepIn({ at, when: 'before' }, 1, tenantId);
        const result = await call(...args);
        await stepIn({ at, when: 'after' }, 1, tenantId);
        return answerOf(at, tenantId, result);
      } finally {
        done(at);
      }
    };
  const isKept = (name: string): boolean => {
    const [kind = '', verb = ''] = name.split('.');
    return Object.hasOwn(deps.providers, kind) && verbs.has(verb);
  };
  return Object.fromEntries(
    Object.entries(activities).map(([name, call]: [string, Call]) => [name, isKept(name) ? call : around(name, call)]),
  );
}

async function positionOf({ registry }: WorkerDeps, name: string, [step, to]: unknown[]): Promise<string> {
  if (name !== 'ledger.finishStep') return name;
  const { stepId } = step as { stepId: string };
  const [row] = await rows<{ provider: string }>(registry.em.fork())`
    select provider from run_steps where id = ${stepId}`;
  return `${row?.provider ?? 'unknown'}.${String(to)}`;
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const subjects = new Map<string, string>();

/** Whose run it is; a run of the platform stands for itself, whomever its steps are about. */
async function tenantOf({ registry }: WorkerDeps, told: unknown): Promise<string | null> {
  const runId = typeof told === 'object' && told !== null ? (told as { runId?: string }).runId : String(told);
  if (runId === undefined) return (told as { tenantId?: string | null }).tenantId ?? null;
  if (!uuid.test(runId)) return null; // what schedules start is told of no tenant and no run
  const known = subjects.get(runId);
  if (known !== undefined) return known;
  const [run] = await rows<{ subject: string }>(registry.em.fork())`
    select coalesce(tenant_id, id) as subject from runs where id = ${runId}`;
  if (run) subjects.set(runId, run.subject);
  return run?.subject ?? null;
}
