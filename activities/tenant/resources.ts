import { Context } from '@temporalio/activity';
import { accessVerbs, type RunRef, type StepInput } from '#contracts/workflowInputs.ts';
import { rows } from '#domain/sql.ts';
import { beginDestroying, beginEnsuring, markDestroyed, markEnsured } from '#domain/resources/resourceStates.ts';
import { beginSettlingAccess } from '#domain/resources/settlingAccess.ts';
import type { Provider, ResourceSpec } from '#providers/provider.ts';
import type { Deps } from '../deps.ts';

export type StepActivity = (input: StepInput) => Promise<void>;

const accessWanted = { suspend: 'suspended', open: 'open' } as const;

/**
 * `<kind>.ensure`, `<kind>.suspend`, `<kind>.open` and `<kind>.destroy`. The registry is told before and after the provider acts, so that what may exist
 * outside is always known inside.
 */
export const resourceActivities = (
  provider: Provider,
  { registry, installation }: Pick<Deps, 'registry' | 'installation'>,
) => ({
  [`${provider.kind}.ensure`]: async (input: StepInput): Promise<void> => {
    const resourceId = resourceOf(input);
    const facts = await beginEnsuring(registry.em.fork(), resourceId, input);
    const spec: ResourceSpec = { ...ownershipOf(installation.id, resourceId, input), ...facts, epoch: input.epoch };
    const observed = await provider.ensure(spec, Context.current().cancellationSignal);
    await markEnsured(registry.em.fork(), resourceId, observed);
  },

  ...Object.fromEntries(
    accessVerbs.map((verb) => [
      `${provider.kind}.${verb}`,
      /** The registry says first what is wanted: whoever acts, however late, makes it so and nothing else. */
      async (input: StepInput): Promise<void> => {
        const resourceId = resourceOf(input);
        const facts = await beginSettlingAccess(registry.em.fork(), resourceId, input, accessWanted[verb]);
        const spec: ResourceSpec = { ...ownershipOf(installation.id, resourceId, input), ...facts, epoch: input.epoch };
        await provider.settleAccess(spec, Context.current().cancellationSignal);
      },
    ]),
  ),

  /** Finds it by id and tag, whatever became of names; that nothing is there is success. */
  [`${provider.kind}.destroy`]: async (input: StepInput): Promise<void> => {
    const resourceId = resourceOf(input);
    await beginDestroying(registry.em.fork(), resourceId, input);
    await provider.destroy({ ...ownershipOf(installation.id, resourceId, input), epoch: input.epoch });
    await markDestroyed(registry.em.fork(), resourceId);
  },
});

/** The resources of a tenant as specs for `prove` and `verify`, in the order they were made. */
export async function specsOf(
  { registry, installation }: Pick<Deps, 'registry' | 'installation'>,
  ref: RunRef,
): Promise<(ResourceSpec & { provider: string })[]> {
  const found = await rows<{ id: string; provider: string; access: 'open' | 'suspended'; region: string }>(
    registry.em.fork(),
  )`
    select r.id, r.provider, r.access, t.region from resources r join tenants t on t.id = r.tenant_id
    where r.tenant_id = ${ref.tenantId} and r.state = 'present' order by r.position`;
  return found.map(({ id, provider, access, region }) => ({
    ...ownershipOf(installation.id, id, ref),
    provider,
    access,
    region,
    epoch: ref.epoch,
  }));
}

const ownershipOf = (installationId: string, resourceId: string, { tenantId, runId }: RunRef) => ({
  installationId,
  tenantId,
  resourceId,
  runId,
});

function resourceOf({ resourceId }: StepInput): string {
  if (!resourceId) throw new Error('this step has no resource');
  return resourceId;
}
