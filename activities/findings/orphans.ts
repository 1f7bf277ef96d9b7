import { DomainError } from '#contracts/errors.ts';
import type { RunState } from '#contracts/runStates.ts';
import type { PlatformRef, Reason } from '#contracts/workflowInputs.ts';
import type { Compared } from '#domain/drift/recordDifferences.ts';
import { closeOrphanRemoval, confirmOrphan } from '#domain/orphans/removeOrphan.ts';
import {
  closeSweep,
  missingResources,
  placeOfSweep,
  recordSightings,
  type MissingResource,
  type Sighting,
} from '#domain/orphans/sweep.ts';
import type { Skipped } from '#domain/runs/platformRun.ts';
import type { Provider } from '#providers/provider.ts';
import type { Deps } from '../deps.ts';
import { publicTextOf } from './drift.ts';

/** More missing at once than this, and it is rather the wrong system that answers. */
const ghostsAtOnce = 200;

/** `orphans.*`: compares what is outside with the registry, both ways, and removes what a person approved. */
export const orphanActivities = (
  deps: Pick<Deps, 'registry' | 'installation' | 'providers' | 'ledger' | 'configuration'>,
) => {
  const { registry, installation, ledger } = deps;
  const graceSeconds = deps.configuration.sweepGraceSeconds;
  const providers = Object.values(deps.providers);

  return {
    /** Writes down the next page of what carries our tag. Returns whether all systems were searched. */
    async 'orphans.sweepPage'(ref: PlatformRef): Promise<boolean> {
      const place = await placeOfSweep(ledger, ref);
      const { provider, cursor } = readPlace(place, providers);
      if (!provider) return true;
      const page = await provider.list(cursor);
      const next = page.nextCursor === null ? providers[providers.indexOf(provider) + 1] : provider;
      await recordSightings(ledger, ref, {
        from: place,
        to: writePlace(next?.kind ?? '', page.nextCursor),
        seen: [
          ...page.items
            .filter(({ ownership }) => ownership.installationId === installation.id)
            .map(({ externalId, what, ownership }) => ({
              provider: provider.kind,
              externalId,
              what,
              tenantId: ownership.tenantId,
              resourceId: ownership.resourceId,
              madeBy: ownership.runId,
            })),
          ...(page.unmarked ?? []).map(({ externalId, what, tenantId }): Sighting => ({
            provider: provider.kind,
            externalId,
            what,
            tenantId,
            resourceId: null,
            madeBy: null,
          })),
        ],
      });
      return false;
    },

    async 'orphans.compare'(ref: PlatformRef): Promise<RunState> {
      const missing = await missingResources(registry.em.fork(), ref.runId);
      const came = { ghosts: [] as Compared[], failed: [] as Skipped[] };
      for (const [kind, resources] of Map.groupBy(missing, ({ provider }) => provider))
        if (resources.length <= ghostsAtOnce) await lookForGhosts(deps, resources, came);
        else
          came.failed.push({
            tenantId: null,
            what: `The provider "${kind}"`,
            why: `${resources.length} resources are missing at once: it may be another system that answers`,
            failed: true,
          });
      const witnesses = (
        await Promise.all(providers.map(async (provider) => (await provider.witnesses?.()) ?? []))
      ).flat();
      return closeSweep(ledger, ref, { ...came, graceSeconds, witnesses });
    },

    /** Asks once more whether it is an orphan, and removes it if its tag is still on it. */
    async 'orphans.remove'({ findingId, ...ref }: PlatformRef & { findingId: string }): Promise<void> {
      const orphan = await registry.em.fork().transactional((em) => confirmOrphan(em, findingId, graceSeconds));
      const provider = deps.providers[orphan.provider];
      if (!provider) throw new DomainError('check_failed', `No worker knows the provider "${orphan.provider}".`);
      const ownership = orphan.resourceId && orphan.madeBy && orphan.tenantId;
      await provider.discard(
        {
          externalId: orphan.externalId,
          what: orphan.what,
          tenantId: orphan.tenantId ?? '',
          resourceId: ownership ? orphan.resourceId : null,
        },
        { runId: ref.runId, epoch: ref.epoch },
      );
    },

    'orphans.closeRemoval': (ref: PlatformRef & { findingId: string }, refusal: Reason | null): Promise<RunState> =>
      closeOrphanRemoval(ledger, ref, refusal),
  };
};

async function lookForGhosts(
  { installation, providers }: Pick<Deps, 'installation' | 'providers'>,
  resources: MissingResource[],
  came: { ghosts: Compared[]; failed: Skipped[] },
): Promise<void> {
  for (const { id: resourceId, provider, title, ...spec } of resources) {
    const { tenantId } = spec;
    try {
      const differences = await providers[provider]?.verify({ ...spec, resourceId, installationId: installation.id });
      if (differences?.some(({ isWhole }) => isWhole)) came.ghosts.push({ resourceId, tenantId, differences });
    } catch (error) {
      came.failed.push({ tenantId, what: title, why: publicTextOf(error), failed: true });
    }
  }
}

/** `<provider> <its own cursor>`; `compared` and a provider that is not there any more are the end. */
function readPlace(
  place: string | null,
  providers: Provider[],
): { provider: Provider | undefined; cursor: string | null } {
  if (place === null) return { provider: providers[0], cursor: null };
  const [kind, ...cursor] = place.split(' ');
  return { provider: providers.find((provider) => provider.kind === kind), cursor: cursor.join(' ') || null };
}

const writePlace = (kind: string, cursor: string | null): string => `${kind} ${cursor ?? ''}`;
