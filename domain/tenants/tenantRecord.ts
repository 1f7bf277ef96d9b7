import { defineEntity, p } from '@mikro-orm/postgresql';
import { tenantStates } from '#contracts/tenants.ts';

const TenantSchema = defineEntity({
  name: 'Tenant',
  tableName: 'tenants',
  properties: {
    id: p.uuid().primary(),
    name: p.string(),
    searchText: p.text(),
    externalId: p.string().nullable(),
    labels: p.json<Record<string, string>>(),
    plan: p.string(),
    region: p.string(),
    state: p.enum(tenantStates),
    attention: p.boolean(),
    adminSealed: p.blob().nullable(),
    latestRunId: p.uuid().nullable(),
    version: p.integer(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
});
export class Tenant extends TenantSchema.class {}
TenantSchema.setClass(Tenant);

const TenantAddressSchema = defineEntity({
  name: 'TenantAddress',
  tableName: 'tenant_addresses',
  properties: {
    id: p.uuid().primary(),
    tenantId: p.uuid(),
    slug: p.string(),
    state: p.enum(['current', 'redirect', 'held', 'released'] as const),
    heldUntil: p.datetime().nullable(),
    createdAt: p.datetime(),
    releasedAt: p.datetime().nullable(),
  },
});
export class TenantAddress extends TenantAddressSchema.class {}
TenantAddressSchema.setClass(TenantAddress);
