import type { Permission } from '#contracts/permissions.ts';

/** What permissions are about, as people call it. */
const things: Record<string, string> = {
  tenants: 'Tenants',
  runs: 'Runs',
  plans: 'Plans',
  blueprints: 'Blueprints',
  tasks: 'Tasks',
  drift: 'Drift',
  orphans: 'Orphans',
  platform: 'Platform',
  schedules: 'Schedules',
  notifications: 'Notifications',
  histories: 'Histories',
  'worker-tokens': 'Worker tokens',
  people: 'People',
  roles: 'Roles',
  'api-keys': 'API keys',
  audit: 'Audit',
  approvals: 'Approvals',
  support: 'Support access',
};

export interface PermissionGroup {
  thing: string;
  permissions: { permission: Permission; verb: string }[];
}

/** `tenants:read` and `tenants:create` are read and create of Tenants. */
export function groupPermissions(permissions: readonly Permission[]): PermissionGroup[] {
  const byThing = Map.groupBy(permissions, (permission) => permission.split(':')[0] ?? '');
  return [...byThing].map(([thing, all]) => ({
    thing: things[thing] ?? thing,
    permissions: all.map((permission) => ({ permission, verb: permission.split(':')[1] ?? permission })),
  }));
}
