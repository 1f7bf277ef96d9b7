import type { Provider } from '#providers/provider.ts';
import type { WorkerDeps } from '#workers/createDeps.ts';

/** Where in a call of a provider a test steps in: `realm.ensure` before it touches anything, or after its effect. */
export interface Position {
  at: string;
  when: 'before' | 'after';
}

/** What a test does at a position; it may throw, wait for ever, or let it pass. */
export type StepIn = (position: Position, attempt: number) => Promise<void>;

/** Puts a test between the activities and the real providers: the effects stay real. */
export function stepInto(deps: WorkerDeps, stepIn: StepIn): WorkerDeps {
  const attempts = new Map<string, number>();
  const around = async <Result>(at: string, call: () => Promise<Result>): Promise<Result> => {
    const attempt = (attempts.get(at) ?? 0) + 1;
    attempts.set(at, attempt);
    await stepIn({ at, when: 'before' }, attempt);
    const result = await call();
    await stepIn({ at, when: 'after' }, attempt);
    return result;
  };
  const wrap = (provider: Provider): Provider => ({
    ...provider,
    ensure: (spec, signal) => around(`${provider.kind}.ensure`, () => provider.ensure(spec, signal)),
    prove: (spec) => around(`${provider.kind}.prove`, () => provider.prove(spec)),
    destroy: (ref) => around(`${provider.kind}.destroy`, () => provider.destroy(ref)),
  });
  return {
    ...deps,
    providers: Object.fromEntries(Object.entries(deps.providers).map(([kind, provider]) => [kind, wrap(provider)])),
  };
}
