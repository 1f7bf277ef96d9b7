/** The one definition of what may be permitted, for API, pages, SDK and CLI: `<things>:<verb>`. */
export const permissions = [
  'tenants:read',
  'tenants:create',
  'tenants:update',
  'tenants:delete',
  'tenants:reveal',
  'runs:read',
  'runs:cancel',
  'runs:retry',
  'runs:decide',
  'plans:read',
  'tasks:read',
  'tasks:update',
  'notifications:manage',
  'platform:recover',
  'platform:pause',
  'drift:read',
  'drift:check',
  'drift:repair',
  'orphans:read',
  'orphans:remove',
  'histories:read',
  'worker-tokens:manage',
  'plans:write',
  'blueprints:read',
  'blueprints:write',
] as const;
export type Permission = (typeof permissions)[number];

export const roles = { owner: permissions } as const satisfies Record<string, readonly Permission[]>;
export type Role = keyof typeof roles;

/** Roles come from rows: one that is not known permits nothing. */
export const rolePermits = (role: string, permission: Permission): boolean =>
  Object.hasOwn(roles, role) && (roles[role as Role] as readonly Permission[]).includes(permission);

/** What a route declares: a permission, or that it deliberately needs none, only a sign-in, or a worker's token. */
export type RoutePermission = Permission | 'public' | 'signed-in' | 'worker';
