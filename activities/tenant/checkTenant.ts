import { DomainError } from '#contracts/errors.ts';
import type { StepInput } from '#contracts/workflowInputs.ts';
import type { Deps } from '../deps.ts';
import { specsOf } from './resources.ts';

/** `tenant.check`: uses everything the tenant got the way it will: connects as its role, verifies its keys, writes and reads an object. */
export const checkTenant = (deps: Pick<Deps, 'registry' | 'installation' | 'providers'>) => ({
  async 'tenant.check'(input: StepInput): Promise<void> {
    const specs = await specsOf(deps, input);
    if (specs.length === 0) throw new DomainError('check_failed', 'The tenant has no resources.');
    await Promise.all(
      specs.map((spec) => {
        const provider = deps.providers[spec.provider];
        if (!provider) throw new DomainError('check_failed', `No worker knows the provider "${spec.provider}".`);
        return provider.prove(spec);
      }),
    );
  },
});
