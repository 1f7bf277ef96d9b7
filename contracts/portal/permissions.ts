/** What people of a tenant may be permitted at its portal: a vocabulary of their own, worth nothing on the platform. */
export const portalPermissions = [
  'members:read',
  'members:remind',
  'members:manage',
  'onboarding:read',
  'onboarding:complete',
  'licenses:read',
  'licenses:download',
  'ownership:transfer',
] as const;
export type PortalPermission = (typeof portalPermissions)[number];

export const portalRoles = ['tenant-admin', 'member', 'viewer'] as const;
export type PortalRole = (typeof portalRoles)[number];

/** What each role permits, and how pages call it. */
export const portalRoleSheet: Record<
  PortalRole,
  { title: string; description: string; permissions: readonly PortalPermission[] }
> = {
  'tenant-admin': {
    title: 'Administrator',
    description: 'Everything, and who else may do what',
    permissions: portalPermissions,
  },
  member: {
    title: 'Member',
    description: 'Works here: sees who else does, and completes what is to be set up',
    permissions: ['members:read', 'onboarding:read', 'onboarding:complete', 'licenses:read'],
  },
  viewer: {
    title: 'Viewer',
    description: 'Reads, and changes nothing but the own profile',
    permissions: ['members:read', 'onboarding:read', 'licenses:read'],
  },
};

/**
 * What a person of the platform may do who acts as the administrator: nothing that outlives the access. Whom they invited, promoted or
 * locked out would still be so when the tenant has long ended it.
 */
export const portalPermissionsWhileActing: readonly PortalPermission[] = [
  'members:read',
  'members:remind',
  'onboarding:read',
  'onboarding:complete',
  'licenses:read',
];

/** What a route of a portal declares: that anybody may ask, anybody of the tenant who is signed in, or who is permitted this. */
export type PortalAdmission = 'public' | 'signed-in' | PortalPermission;

export const portalRoleMay = (role: PortalRole, permission: PortalPermission): boolean =>
  portalRoleSheet[role].permissions.includes(permission);
