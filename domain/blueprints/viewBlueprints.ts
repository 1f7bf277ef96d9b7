import {
  BlueprintStep,
  type Blueprint as BlueprintView,
  type BlueprintSummary,
  type BlueprintVersion,
} from '#contracts/blueprints.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';
import { Blueprint, Plan } from './blueprintRecord.ts';

/** As its author wrote them, with what was left out by authors before there was a choice. */
export const stepsOf = ({ steps }: Pick<Blueprint, 'steps'>): BlueprintStep[] =>
  steps.map((step) => BlueprintStep.parse(step));

/** Refuses with `not_found`. */
export async function findVersion(em: Sql, name: string, version: number): Promise<Blueprint> {
  const found = await em.findOne(Blueprint, { name, version });
  if (!found) throw new DomainError('not_found', `There is no version ${version} of a blueprint "${name}".`);
  return found;
}

/** The latest version of each, by name. */
export async function listBlueprints(em: Sql): Promise<BlueprintSummary[]> {
  const [all, uses] = [await em.find(Blueprint, {}, { orderBy: { name: 'asc', version: 'desc' } }), await usesOf(em)];
  const latest = [...Map.groupBy(all, ({ name }) => name).values()].map((versions) => versions[0]!);
  return latest.map((blueprint) => {
    const used = uses.filter(({ name }) => name === blueprint.name);
    return {
      name: blueprint.name,
      version: blueprint.version,
      steps: stepsOf(blueprint).map(({ key, kind, title }) => ({ key, kind, title })),
      createdAt: blueprint.createdAt.toISOString(),
      plans: used.flatMap(({ plans, version }) => plans.map((name) => ({ name, version }))),
      openRuns: used.reduce((sum, { openRuns }) => sum + openRuns, 0),
    };
  });
}

/** Refuses with `not_found`. */
export async function viewBlueprint(em: Sql, name: string): Promise<BlueprintView> {
  const versions = await em.find(Blueprint, { name }, { orderBy: { version: 'desc' } });
  const [latest] = versions;
  if (!latest) throw new DomainError('not_found', `There is no blueprint "${name}".`);
  const uses = await usesOf(em, name);
  return {
    name,
    latest: versionView(latest, uses),
    versions: versions.map((blueprint) => {
      const { version, createdAt, plans, openRuns } = versionView(blueprint, uses);
      return { version, createdAt, plans, openRuns };
    }),
  };
}

/** Refuses with `not_found`. */
export async function viewVersion(em: Sql, name: string, version: number): Promise<BlueprintVersion> {
  return versionView(await findVersion(em, name, version), await usesOf(em, name));
}

function versionView(blueprint: Blueprint, uses: Use[]): BlueprintVersion {
  const { name, version, createdAt } = blueprint;
  const { plans = [], openRuns = 0 } = uses.find((use) => use.name === name && use.version === version) ?? {};
  return { name, version, steps: stepsOf(blueprint), createdAt: createdAt.toISOString(), plans, openRuns };
}

interface Use {
  name: string;
  version: number;
  plans: string[];
  openRuns: number;
}

/** Versions that plans point at or open runs are pinned to. */
async function usesOf(em: Sql, ofName?: string): Promise<Use[]> {
  const plans = await em.find(Plan, ofName === undefined ? {} : { blueprintName: ofName }, {
    orderBy: { name: 'asc' },
  });
  const runs = await rows<{ name: string; version: number; open: number }>(em)`
    select blueprint_name as name, blueprint_version as version, count(*)::int as open from runs
    where blueprint_name is not null and blueprint_name = coalesce(${ofName ?? null}::text, blueprint_name)
      and state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')
    group by 1, 2`;
  const uses = new Map<string, Use>();
  const useOf = (name: string, version: number): Use => {
    const use = uses.get(`${name} ${version}`) ?? { name, version, plans: [], openRuns: 0 };
    uses.set(`${name} ${version}`, use);
    return use;
  };
  for (const plan of plans) useOf(plan.blueprintName, plan.blueprintVersion).plans.push(plan.name);
  for (const { name, version, open } of runs) useOf(name, version).openRuns = open;
  return [...uses.values()];
}
