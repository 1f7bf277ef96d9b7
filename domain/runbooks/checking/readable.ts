/**
 * What SQL checks may read of the registry: how the platform stands. Not who people are, what they signed in with, and what rests sealed;
 * who may write a runbook may not read more by it than by the pages.
 */
export const readableTables: ReadonlySet<string> = new Set([
  ...['runs', 'run_steps', 'run_progress', 'tasks', 'switches', 'circuits', 'drift_findings', 'orphan_findings'],
  ...[
    'tenants',
    'tenant_addresses',
    'plans',
    'resources',
    'tenant_versions',
    'schema_migrations',
    'secret_rotations',
    'suspensions',
  ],
  ...['data_stores', 'database_servers', 'cluster_changes', 'archive_checks', 'server_backups', 'platform_backups'],
  ...['backups', 'tenant_backups', 'backup_policies', 'backup_drills', 'restores', 'refill_tenants', 'offboardings'],
  ...['fleet_backups', 'fleet_backup_tenants', 'fleet_drills', 'fleet_drill_tenants', 'fleet_runs', 'fleet_tenants'],
  ...['runbook_versions', 'runbook_executions', 'runbook_steps', 'runbook_practice'],
  ...['licenses', 'license_products', 'license_keys', 'license_policies'],
]);

/** Of PostgreSQL itself: values of others' rows, and passwords. */
const secretCatalogues = /^(?:pg_shadow|pg_user_mappings?|pg_statistic\w*|pg_largeobject)$/;

interface PlanNode {
  'Node Type'?: string;
  'Relation Name'?: string;
  Schema?: string;
  Plans?: PlanNode[];
}

/**
 * What of a statement's plan must not be read; null where all of it may. Tenants' data is read by nobody here: only PostgreSQL's own
 * catalogues are, in a data store.
 *
 * @param plan what `explain (verbose, format json)` answers
 */
export function unreadableIn(plan: unknown, on: string): string | null {
  const nodes = (plan as { Plan: PlanNode }[]).flatMap(({ Plan }) => nodesOf(Plan));
  for (const { 'Node Type': type, 'Relation Name': relation, Schema: schema } of nodes) {
    if (type === 'ModifyTable' || type === 'LockRows') return 'must only read';
    if (relation === undefined) continue;
    const isSystem = schema === 'pg_catalog' || schema === 'information_schema';
    const mayRead = isSystem
      ? !secretCatalogues.test(relation)
      : on === 'registry' && schema === 'public' && readableTables.has(relation);
    if (!mayRead) return `must not read "${isSystem || schema === 'public' ? relation : `${schema}.${relation}`}"`;
  }
  return null;
}

const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];
