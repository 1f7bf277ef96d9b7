import { createHash } from 'node:crypto';
import type { BlueprintStep } from '#contracts/blueprints.ts';
import type { TenantPlan } from '#contracts/tenants.ts';
import { providerOf, stepsAfterDoors, stepsBeforeDoors } from '../blueprints/planSteps.ts';
import { json } from '../sql.ts';
import type { PlannedRegistration } from './planRegistration.ts';

/** What a person decides by. */
export type ShownPlan = Omit<TenantPlan, 'planId' | 'hash' | 'expiresAt'>;
type ShownStep = ShownPlan['steps'][number];

/** What the providers are asked: what they would do for the resources of a tenant that does not exist yet. */
export interface ProvidersQuestion {
  tenantId: string;
  region: string;
  resources: { provider: string; resourceId: string }[];
}
export type ProvidersAnswer = { provider: string; action: ShownStep['action']; reason: string }[];
export type AskProviders = (question: ProvidersQuestion) => Promise<ProvidersAnswer>;

/** Puts together what the registry knows and what the providers say. */
export async function showPlan(planned: PlannedRegistration, ask: AskProviders): Promise<ShownPlan> {
  const { tenantId, resourceIds, region, slug, slugIsFree, suggestions, plan, blueprint, steps } = planned;
  const resources = Object.entries(resourceIds).map(([provider, resourceId]) => ({ provider, resourceId }));
  const told = await ask({ tenantId, region, resources });
  const show = (step: BlueprintStep): ShownStep => ({
    key: step.key,
    title: step.title,
    provider: providerOf(step),
    ...whatHappens(step, told),
  });
  const reserve: Pick<ShownStep, 'action' | 'reason'> = slugIsFree
    ? { action: 'reserve', reason: `The address "${slug}" is free.` }
    : { action: 'conflict', reason: `The address "${slug}" is taken.` };
  return {
    slug,
    slugIsFree,
    suggestions,
    plan,
    blueprint,
    region,
    steps: [
      { key: 'address', title: 'Reserve the address', provider: 'address', ...reserve },
      ...stepsBeforeDoors(steps).map(show),
      {
        key: 'doors',
        title: 'Open the doors',
        provider: 'doors',
        action: 'open',
        reason: 'The tenant becomes visible and usable.',
      },
      ...stepsAfterDoors(steps).map(show),
    ],
  };
}

function whatHappens(step: BlueprintStep, told: ProvidersAnswer): Pick<ShownStep, 'action' | 'reason'> {
  switch (step.kind) {
    case 'resource': {
      const answer = told.find(({ provider }) => provider === step.provider);
      return { action: answer?.action ?? 'create', reason: answer?.reason ?? '' };
    }
    case 'check':
      return { action: 'check', reason: 'Runs when all of the above is there.' };
    case 'http':
      return { action: 'call', reason: `${new URL(step.url).host} is called${whenItIs(step)}.` };
    case 'custom':
      return { action: 'call', reason: `${step.activity} is called on the queue ${step.taskQueue}${whenItIs(step)}.` };
  }
}

const whenItIs = ({ when }: BlueprintStep): string => (when === 'after' ? ' once the doors are open' : '');

/** Of everything that is shown; two plans that show the same have the same. */
export function hashOf({ slug, slugIsFree, plan, blueprint, region, steps }: ShownPlan): string {
  const shown = [
    slug, slugIsFree, plan, blueprint.name, blueprint.version, region,
    ...steps.map(({ key, title, provider, action, reason }) => [key, title, provider, action, reason]),
  ]; // prettier-ignore
  return createHash('sha256').update(json(shown)).digest('hex');
}
