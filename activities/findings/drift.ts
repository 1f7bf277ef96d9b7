import { DomainError } from '#contracts/errors.ts';
import type { RunState } from '#contracts/runStates.ts';
import type { PlatformRef, Reason, RunRef } from '#contracts/workflowInputs.ts';
import { closeCheck, nextBatch, recordBatch, type ToCompare } from '#domain/drift/check.ts';
import type { Compared } from '#domain/drift/recordDifferences.ts';
import { closeRepair } from '#domain/drift/repair.ts';
import { ProviderError } from '#providers/provider.ts';
import type { Deps } from '../deps.ts';
import { specsOf } from '../tenant/resources.ts';

const atOnce = 5;

/** `drift.*`: compares resources with what was made. Looks only; mending is the provider's `ensure`, which a person asks for. */
export const driftActivities = (deps: Pick<Deps, 'registry' | 'installation' | 'providers' | 'ledger'>) => ({
  /** Compares the next resources and writes what was found. Returns whether all were looked at. */
  async 'drift.checkBatch'(ref: PlatformRef): Promise<boolean> {
    const next = await nextBatch(deps.ledger, ref);
    if (next.batch.length === 0) return true;
    const ahead = [...next.batch];
    const outcome: Parameters<typeof recordBatch>[3] = { compared: [], failed: [] };
    const compareNext = async () => {
      for (let resource = ahead.shift(); resource; resource = ahead.shift()) {
        const { tenantId, title } = resource;
        try {
          outcome.compared.push(await compare(deps, resource));
        } catch (error) {
          outcome.failed.push({ tenantId, what: title, why: publicTextOf(error), failed: true });
        }
      }
    };
    await Promise.all(Array.from({ length: atOnce }, compareNext));
    await recordBatch(deps.ledger, ref, next, outcome);
    return false;
  },

  'drift.closeCheck': (ref: PlatformRef): Promise<RunState> => closeCheck(deps.ledger, ref),

  /** Looks once more at the resource that was mended, and ends the repair by what it finds. */
  async 'drift.closeRepair'(ref: RunRef & { resourceId: string | null }, refusal: Reason | null): Promise<RunState> {
    const spec = (await specsOf(deps, ref)).find(({ resourceId }) => resourceId === ref.resourceId);
    try {
      const differences = spec ? await providerOf(deps, spec.provider).verify(spec) : null;
      const { tenantId } = ref;
      const compared = spec && differences ? { resourceId: spec.resourceId, tenantId, differences } : null;
      return await closeRepair(deps.ledger, ref, { compared, refusal });
    } catch (error) {
      if (!(error instanceof DomainError || error instanceof ProviderError)) throw error;
      const reason = refusal ?? { code: 'not_verified', text: publicTextOf(error) };
      return closeRepair(deps.ledger, ref, { compared: null, refusal: reason });
    }
  },
});

async function compare(deps: Pick<Deps, 'installation' | 'providers'>, resource: ToCompare): Promise<Compared> {
  const { id: resourceId, provider, ...spec } = resource;
  const differences = await providerOf(deps, provider).verify({
    ...spec,
    resourceId,
    installationId: deps.installation.id,
  });
  return { resourceId, tenantId: resource.tenantId, differences };
}

function providerOf({ providers }: Pick<Deps, 'providers'>, kind: string) {
  const provider = providers[kind];
  if (!provider) throw new DomainError('check_failed', `No worker knows the provider "${kind}".`);
  return provider;
}

/** Only sentences that we wrote, and codes of PostgreSQL and the system; the rest is for the log. */
export function publicTextOf(error: unknown): string {
  if (error instanceof DomainError) return error.publicMessage;
  if (error instanceof ProviderError) return error.message;
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^[A-Z0-9_]{3,40}$/.test(code)
    ? `It could not be looked at (${code}).`
    : 'It could not be looked at.';
}
