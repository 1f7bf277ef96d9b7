import { v7 as newId } from 'uuid';
import type { BlueprintStep } from '#contracts/blueprints.ts';
import type { Sql } from '../database.ts';
import { headingOfKind } from '../resources/resourceTitles.ts';
import type { NewStep } from '../runs/openRun.ts';
import { rows } from '../sql.ts';

/** The id of each resource that the steps make, by provider; those chosen before are kept. */
export const chooseIds = (steps: BlueprintStep[], before: Record<string, string> = {}): Record<string, string> =>
  Object.fromEntries(
    steps.flatMap((step) => (step.kind === 'resource' ? [[step.provider, before[step.provider] ?? newId()]] : [])),
  );

/**
 * The ledger's rows of what happens before the doors open, each with its step of the blueprint as it is now; writes the resources
 * that they will make. What comes after the doors is read from the version that the run is pinned to, when they open.
 */
export async function planSteps(
  em: Sql,
  { tenantId, runId }: { tenantId: string; runId: string },
  steps: BlueprintStep[],
  resourceIds: Record<string, string>,
): Promise<NewStep[]> {
  const planned: NewStep[] = [];
  for (const [position, step] of stepsBeforeDoors(steps).entries()) {
    const { key, title, kind, onFailure, skippable } = step;
    const resourceId = kind === 'resource' ? resourceIds[step.provider]! : undefined;
    if (resourceId)
      await rows(em)`
        insert into resources (id, tenant_id, kind, provider, title, position, state, run_id, epoch)
        values (${resourceId}, ${tenantId}, ${providerOf(step)}, ${providerOf(step)}, ${headingOfKind(providerOf(step))},
                ${position}, 'planned', ${runId}, 1)`;
    planned.push({
      title,
      kind,
      provider: providerOf(step),
      ...(resourceId ? { resourceId } : {}),
      ...verbsOf(step),
      key,
      spec: step,
      onFailure,
      skippable,
    });
  }
  return planned;
}

export const stepsBeforeDoors = (steps: BlueprintStep[]): BlueprintStep[] =>
  steps.filter(({ when }) => when === 'before');
export const stepsAfterDoors = (steps: BlueprintStep[]): BlueprintStep[] =>
  steps.filter(({ when }) => when === 'after');

/** The row of a step that leaves nothing behind in the registry. */
export const deliveryOf = (step: BlueprintStep): NewStep => {
  const { key, title, kind, skippable } = step;
  return { title, kind, provider: providerOf(step), act: verbsOf(step).act, undo: null, key, spec: step, skippable };
};

/** Who carries a step out. */
export const providerOf = (step: BlueprintStep): string =>
  step.kind === 'resource' || step.kind === 'check' ? step.provider : step.kind;

/** What the step is called by, forth and back. */
function verbsOf(step: BlueprintStep): Pick<NewStep, 'act' | 'undo'> {
  switch (step.kind) {
    case 'resource':
      return { act: `${step.provider}.ensure`, undo: `${step.provider}.destroy` };
    case 'check':
      return { act: `${step.provider}.check`, undo: null };
    case 'http':
      return { act: 'http.call', undo: step.undoUrl === null ? null : 'http.undo' };
    case 'custom':
      return { act: step.activity, undo: step.undo };
  }
}
