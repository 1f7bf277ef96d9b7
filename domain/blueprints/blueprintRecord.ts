import { defineEntity, p } from '@mikro-orm/postgresql';
import type { BlueprintStep } from '#contracts/blueprints.ts';

/** Immutable: what changes is a new version. Rows from before steps had keys are read by `stepsOf`. */
const BlueprintSchema = defineEntity({
  name: 'Blueprint',
  tableName: 'blueprints',
  properties: {
    name: p.string().primary(),
    version: p.integer().primary(),
    steps: p.json<Partial<BlueprintStep>[]>(),
    createdBy: p.uuid().nullable(),
    createdAt: p.datetime(),
  },
});
export class Blueprint extends BlueprintSchema.class {}
BlueprintSchema.setClass(Blueprint);

const PlanSchema = defineEntity({
  name: 'Plan',
  tableName: 'plans',
  properties: {
    name: p.string().primary(),
    title: p.string(),
    tier: p.enum(['pool', 'schema', 'database'] as const),
    blueprintName: p.string(),
    blueprintVersion: p.integer(),
    licensePolicyName: p.string().nullable(),
    createdAt: p.datetime(),
  },
});
export class Plan extends PlanSchema.class {}
PlanSchema.setClass(Plan);
