/** The one definition of what may be permitted, for API, pages, SDK and CLI: `<things>:<verb>`. */
export const permissions = [
  'tenants:read',
  'tenants:create',
  'tenants:update',
  'tenants:delete',
  'tenants:reveal',
  'tenants:suspend',
  'tenants:offboard',
  'tenants:hold',
  'tenants:import',
  'tenants:migrate',
  'tenants:rotate',
  'tenants:transfer',
  'backups:read',
  'backups:run',
  'backups:manage',
  'backups:restore',
  'backups:export',
  'onboarding:read',
  'onboarding:manage',
  'sign-ups:read',
  'sign-ups:decide',
  'runs:read',
  'runs:cancel',
  'runs:retry',
  'runs:decide',
  'plans:read',
  'plans:write',
  'licenses:read',
  'licenses:issue',
  'licenses:manage',
  'licenses:revoke',
  'licenses:use',
  'licenses:policies',
  'licenses:renew',
  'billing:read',
  'billing:manage',
  'blueprints:read',
  'blueprints:write',
  'runbooks:read',
  'runbooks:edit',
  'runbooks:run',
  'runbooks:practice',
  'runbooks:decide',
  'tasks:read',
  'tasks:update',
  'drift:read',
  'drift:check',
  'drift:repair',
  'orphans:read',
  'orphans:remove',
  'platform:recover',
  'platform:pause',
  'schedules:read',
  'schedules:manage',
  'notifications:manage',
  'histories:read',
  'worker-tokens:manage',
  'people:read',
  'people:manage',
  'roles:read',
  'roles:manage',
  'roles:assign',
  'api-keys:create',
  'api-keys:manage',
  'audit:read',
  'audit:export',
  'approvals:read',
  'approvals:decide',
  'approvals:configure',
  'support:read',
  'support:access',
] as const;
export type Permission = (typeof permissions)[number];

const isReading = (permission: Permission): boolean => permission.endsWith(':read') || permission === 'audit:export';
const allBut = (...kept: Permission[]): Permission[] => permissions.filter((permission) => !kept.includes(permission));

/** The roles that are always there; what they permit comes with the code, so a new permission reaches them with a release. */
export const seededRoles = {
  owner: {
    title: 'Owner',
    description: 'Everything, and who else may do what',
    permissions: [...permissions],
  },
  admin: {
    title: 'Admin',
    description: 'Tenants, plans, people and keys; not the roles themselves nor recovery',
    permissions: allBut(
      'backups:export',
      'roles:manage',
      'approvals:configure',
      'platform:recover',
      'histories:read',
      'tenants:reveal',
    ),
  },
  operator: {
    title: 'Operator',
    description: 'Runs, findings, fleets and recovery; no people and no plans',
    permissions: [
      ...permissions.filter((permission) => isReading(permission) && permission !== 'audit:export'),
      'tenants:suspend', 'tenants:migrate', 'tenants:rotate', 'backups:run', 'backups:manage', 'backups:restore', 'runs:cancel', 'runs:retry', 'runs:decide', 'tasks:update', 'drift:check', 'drift:repair', 'orphans:remove',
      'platform:recover', 'platform:pause', 'runbooks:edit', 'runbooks:run', 'runbooks:practice', 'runbooks:decide', 'schedules:manage', 'api-keys:create',
    ], // prettier-ignore
  },
  auditor: {
    title: 'Auditor',
    description: 'Reads all, changes nothing',
    permissions: permissions.filter(isReading),
  },
  support: {
    title: 'Support',
    description: 'Looks after tenants, and enters one by its consent',
    permissions: [
      'tenants:read',
      'backups:read',
      'runs:read',
      'plans:read',
      'licenses:read',
      'billing:read',
      'tasks:read',
      'tasks:update',
      'onboarding:read',
      'onboarding:manage',
      'sign-ups:read',
      'support:read',
      'support:access',
    ],
  },
} as const satisfies Record<string, { title: string; description: string; permissions: readonly Permission[] }>;
export type SeededRole = keyof typeof seededRoles;

/** Where a role was given: everywhere, for all tenants of a plan, or for one tenant. */
export type Scope = { kind: 'platform' } | { kind: 'plan'; plan: string } | { kind: 'tenant'; tenantId: string };

/** What an act is about: a tenant with its plan, a plan (for tenants to come), or with neither the platform itself. */
export interface Target {
  tenantId?: string | null;
  plan?: string | null;
}

/** What somebody may do within one scope. */
export interface Grant {
  scope: Scope;
  permissions: readonly Permission[];
}

export function covers(scope: Scope, { tenantId, plan }: Target): boolean {
  if (scope.kind === 'platform') return true;
  return scope.kind === 'plan' ? scope.plan === plan : scope.tenantId === tenantId;
}

/** Whether these grants permit it there. The API asks its compiled form of the same rule; pages ask this one. */
export const may = (grants: readonly Grant[], permission: Permission, target: Target = {}): boolean =>
  grants.some((grant) => covers(grant.scope, target) && grant.permissions.includes(permission));

/** All that these grants permit there. */
export const permissionsAt = (grants: readonly Grant[], target: Target = {}): Permission[] =>
  permissions.filter((permission) => may(grants, permission, target));

/** A tenant that is not there yet is of a plan, never one that somebody has a role in. */
export const mayCreateTenants = (grants: readonly Grant[]): boolean =>
  grants.some(({ scope, permissions: held }) => scope.kind !== 'tenant' && held.includes('tenants:create'));

/**
 * What a route declares: a permission, or that it deliberately needs none, only a sign-in, or a worker's token; or that it is of a
 * portal, where people of the tenant are permitted things and nobody else.
 */
export type RoutePermission = Permission | 'public' | 'signed-in' | 'worker' | 'portal';
