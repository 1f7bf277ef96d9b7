import { defineEntity, p } from '@mikro-orm/postgresql';

const ResourceSchema = defineEntity({
  name: 'Resource',
  tableName: 'resources',
  properties: {
    id: p.uuid().primary(),
    tenantId: p.uuid(),
    kind: p.string(),
    provider: p.string(),
    title: p.string(),
    position: p.integer(),
    externalId: p.string().nullable(),
    storeId: p.uuid().nullable(),
    state: p.enum(['planned', 'ensuring', 'present', 'destroying', 'destroyed'] as const),
    access: p.enum(['open', 'suspended'] as const),
    desired: p.json<Record<string, unknown>>(),
    observed: p.json<Record<string, unknown>>().nullable(),
    runId: p.uuid(),
    epoch: p.integer(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
});
export class Resource extends ResourceSchema.class {}
ResourceSchema.setClass(Resource);
