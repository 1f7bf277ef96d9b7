import { Ledger } from '#domain/runs/ledger.ts';
import type { Provider } from '#providers/provider.ts';
import type { WorkerDeps } from '#workers/createDeps.ts';

/**
 * Where in a step a test steps in: `realm.ensure` before it touches anything, or after its effect. Besides the verbs of the
 * providers: `doors.open` (after its commit, before its report) and `run.start`.
 */
export interface Position {
  at: string;
  when: 'before' | 'after';
}

/** What a test does at a position; it may throw, wait for ever, or let it pass. */
export type StepIn = (position: Position, attempt: number, tenantId?: string | null) => Promise<void>;

/** Told how each call ended, so that a test can wait for a late one. */
export type Ended = (at: string, error: unknown) => void;

/** Puts a test between the activities and the real providers: the effects stay real. */
export function stepInto(deps: WorkerDeps, stepIn: StepIn, ended: Ended = () => undefined): WorkerDeps {
  const attempts = new Map<string, number>();
  const around = async <Result>(at: string, tenantId: string | null, call: () => Promise<Result>): Promise<Result> => {
    const attempt = (attempts.get(at) ?? 0) + 1;
    attempts.set(at, attempt);
    try {
      await stepIn({ at, when: 'before' }, attempt, tenantId);
      const result = await call();
      await stepIn({ at, when: 'after' }, attempt, tenantId);
      ended(at, null);
      return result;
    } catch (error) {
      ended(at, error);
      throw error;
    }
  };
  const wrap = (provider: Provider): Provider => ({
    ...provider,
    ensure: (spec, signal) => around(`${provider.kind}.ensure`, spec.tenantId, () => provider.ensure(spec, signal)),
    settleAccess: (spec, signal) =>
      around(`${provider.kind}.${spec.access === 'open' ? 'open' : 'suspend'}`, spec.tenantId, () =>
        provider.settleAccess(spec, signal),
      ),
    prove: (spec) => around(`${provider.kind}.prove`, spec.tenantId, () => provider.prove(spec)),
    destroy: (ref) => around(`${provider.kind}.destroy`, ref.tenantId, () => provider.destroy(ref)),
    verify: (spec) => around(`${provider.kind}.verify`, spec.tenantId, () => provider.verify(spec)),
  });
  return {
    ...deps,
    ledger: new WatchedLedger(deps, stepIn),
    startRun: (runId) => around('run.start', null, () => deps.startRun(runId)),
    providers: Object.fromEntries(Object.entries(deps.providers).map(([kind, provider]) => [kind, wrap(provider)])),
  };
}

/** Steps in between the commit that opens the doors and its report. */
class WatchedLedger extends Ledger {
  readonly #stepIn: StepIn;

  constructor({ registry, announcer, configuration }: WorkerDeps, stepIn: StepIn) {
    super(registry, announcer, configuration);
    this.#stepIn = stepIn;
  }

  override async onRun<Result>(...[ref, change]: Parameters<typeof Ledger.prototype.onRun<Result>>): Promise<Result> {
    let opened = false;
    const result = await super.onRun<Result>(ref, async (em, run) => {
      const before = run.state;
      const changed = await change(em, run);
      opened = run.kind === 'provisionTenant' && before !== 'succeeded' && run.state === 'succeeded';
      return changed;
    });
    if (opened) await this.#stepIn({ at: 'doors.open', when: 'after' }, 1, null);
    return result;
  }
}
