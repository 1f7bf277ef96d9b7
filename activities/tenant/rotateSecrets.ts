import type { RunRef, StepInput } from '#contracts/workflowInputs.ts';
import {
  closeRotated,
  closeWithdrawn,
  endOld,
  lookAtRotation,
  prepareNext,
  showNext,
  signWithNext,
  takeToEnd,
  withdrawNext,
  type RotationLook,
} from '#domain/rotation/rotate.ts';
import { rows } from '#domain/sql.ts';
import { countRotation } from '#observability/handoverMetrics.ts';
import type { Provider, ResourceSpec } from '#providers/provider.ts';
import type { Deps } from '../deps.ts';
import { specsOf } from './resources.ts';
import { untilItWorks, whenFree } from './whenFree.ts';

/**
 * `secrets.*`: the registry says which secrets are to work, the providers make it so. No secret comes in or goes out here; each activity may
 * run twice, and what an attempt left half-done the next one completes.
 */
export const rotateSecrets = (deps: Pick<Deps, 'registry' | 'installation' | 'providers' | 'ledger'>) => {
  const { ledger, registry } = deps;

  const ofRotation = async (ref: RunRef): Promise<{ provider: Provider; spec: ResourceSpec }[]> => {
    const [rotation] = await rows<{ kinds: string[] }>(registry.em.fork())`
      select kinds from secret_rotations where run_id = ${ref.runId}`;
    return (await specsOf(deps, ref)).flatMap((spec) => {
      const provider = rotation?.kinds.includes(spec.provider) ? deps.providers[spec.provider] : undefined;
      return provider ? [{ provider, spec }] : [];
    });
  };
  const settle = async (ref: RunRef): Promise<void> => {
    for (const { provider, spec } of await ofRotation(ref)) await provider.settleCredentials?.(spec);
  };
  /** Of a suspended tenant nothing may be used; what was proved when it was made is believed then. */
  const prove = async (ref: RunRef): Promise<void> => {
    for (const { provider, spec } of await ofRotation(ref)) if (spec.access === 'open') await provider.prove(spec);
  };

  return {
    'secrets.prepare': async (input: StepInput): Promise<void> => {
      await whenFree(() => prepareNext(ledger, input));
      await settle(input);
    },
    'secrets.try': (input: StepInput): Promise<void> => prove(input),
    /** @param now by the workflow's clock */
    'secrets.show': (input: StepInput, now: string): Promise<void> => whenFree(() => showNext(ledger, input, now)),
    'secrets.sign': (input: StepInput): Promise<void> => whenFree(() => signWithNext(ledger, input)),

    /** The new ones are tried once more before the old ones end: both at once never stop working. */
    'secrets.endOld': async (input: StepInput): Promise<void> => {
      await whenFree(() => takeToEnd(ledger, input));
      await untilItWorks(async () => {
        await settle(input);
        await prove(input);
        await endOld(ledger, input);
        await settle(input);
      });
    },

    'secrets.withdraw': (input: StepInput): Promise<void> =>
      untilItWorks(async () => {
        if (await withdrawNext(ledger, input)) await settle(input);
      }),
    'secrets.closeRotated': async (ref: RunRef): Promise<void> => {
      await closeRotated(ledger, ref);
      countRotation('done');
    },
    'secrets.look': (ref: RunRef): Promise<RotationLook> => lookAtRotation(registry.em.fork(), ref),
    'secrets.closeWithdrawn': async (ref: RunRef): Promise<'cancelled' | 'rolled_back'> => {
      const outcome = await closeWithdrawn(ledger, ref);
      countRotation('withdrawn');
      return outcome;
    },
  };
};

export type RotationActivities = ReturnType<typeof rotateSecrets>;
