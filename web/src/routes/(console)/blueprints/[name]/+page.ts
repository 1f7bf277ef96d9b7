import type { Blueprint, BlueprintVersion } from '#contracts/blueprints.ts';
import type { PlanOffboarding } from '#contracts/offboarding/offboarding.ts';
import type { Plan } from '#contracts/tenants.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const path = `/api/v1/blueprints/${encodeURIComponent(event.params.name)}`;
  const [blueprint, { items }] = await Promise.all([
    read<Blueprint>(event, path),
    read<{ items: Plan[] }>(event, '/api/v1/plans'),
  ]);
  const { latest } = blueprint;
  const find = async (version: string | null): Promise<BlueprintVersion | null> =>
    version === null || version === String(latest.version)
      ? null
      : read<BlueprintVersion>(event, `${path}/versions/${encodeURIComponent(version)}`);
  const asked = event.url.searchParams;
  const [shown, other] = await Promise.all([find(asked.get('version')), find(asked.get('against'))]);
  const plans = items.filter((plan) => plan.blueprint.name === blueprint.name);
  const graces = await Promise.all(
    plans.map(({ name }) => read<PlanOffboarding>(event, `/api/v1/plans/${encodeURIComponent(name)}/offboarding`)),
  );
  return {
    blueprint,
    shown: shown ?? latest,
    against: asked.has('against') ? (other ?? latest) : null,
    plans,
    graces: Object.fromEntries(graces.map((grace) => [grace.plan, grace])),
  };
};
