import { defineEntity, p } from '@mikro-orm/postgresql';

/** One step of a blueprint: data that a blueprint's author writes. */
export interface BlueprintStep {
  kind: 'resource' | 'check';
  provider: string;
  title: string;
  onFailure?: 'rollback' | 'wait';
  skippable?: boolean;
}

const BlueprintSchema = defineEntity({
  name: 'Blueprint',
  tableName: 'blueprints',
  properties: {
    name: p.string().primary(),
    version: p.integer().primary(),
    steps: p.json<BlueprintStep[]>(),
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
    createdAt: p.datetime(),
  },
});
export class Plan extends PlanSchema.class {}
PlanSchema.setClass(Plan);
