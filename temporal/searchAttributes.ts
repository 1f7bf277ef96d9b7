import { defineSearchAttributeKey, SearchAttributeType, TypedSearchAttributes } from '@temporalio/common';

/** What operators filter runs by in the Temporal UI. Ids and kinds only: search attributes are never encrypted. */
export const searchAttributeNames = ['TenantryTenantId', 'TenantryRunKind', 'TenantryPlan'] as const;

const keyword = (name: (typeof searchAttributeNames)[number]) =>
  defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);
const tenantIdKey = keyword('TenantryTenantId');
const runKindKey = keyword('TenantryRunKind');
const planKey = keyword('TenantryPlan');

/** A run of the platform has neither tenant nor plan. */
export const searchAttributesOf = (run: {
  tenantId: string | null;
  kind: string;
  plan: string | null;
}): TypedSearchAttributes =>
  new TypedSearchAttributes([
    { key: runKindKey, value: run.kind },
    ...(run.tenantId ? [{ key: tenantIdKey, value: run.tenantId }] : []),
    ...(run.plan ? [{ key: planKey, value: run.plan }] : []),
  ]);
