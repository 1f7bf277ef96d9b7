import { defineSearchAttributeKey, SearchAttributeType, TypedSearchAttributes } from '@temporalio/common';

/** What operators filter runs by in the Temporal UI. Ids and kinds only: search attributes are never encrypted. */
export const searchAttributeNames = ['TenantryTenantId', 'TenantryRunKind', 'TenantryPlan'] as const;

const keyword = (name: (typeof searchAttributeNames)[number]) =>
  defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);
const tenantIdKey = keyword('TenantryTenantId');
const runKindKey = keyword('TenantryRunKind');
const planKey = keyword('TenantryPlan');

export const searchAttributesOf = (run: { tenantId: string; kind: string; plan: string }): TypedSearchAttributes =>
  new TypedSearchAttributes([
    { key: tenantIdKey, value: run.tenantId },
    { key: runKindKey, value: run.kind },
    { key: planKey, value: run.plan },
  ]);
