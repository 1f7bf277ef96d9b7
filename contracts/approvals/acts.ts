/** What one person alone should not be able to do, where a policy says so. The names are stable: policies and requests are kept under them. */
export const dangerousActs = {
  erase_tenant: {
    title: 'Remove a tenant',
    description: 'Everything a tenant owns is removed at once and cannot be brought back.',
    recommended: 1,
  },
  grant_roles: {
    title: 'Grant roles',
    description: 'Roles given to people, and what custom roles permit.',
    recommended: 1,
  },
  transfer_tenant: {
    title: 'Hand a tenant to another owner',
    description: 'Somebody else is asked to own a tenant, and does once they agree.',
    recommended: 1,
  },
  revoke_license: {
    title: 'Revoke a licence',
    description: 'A licence is taken back for good, with every file of it.',
    recommended: 1,
  },
  rotate_key: {
    title: 'Rotate a platform key',
    description: "The secret that calls to the SaaS team's services are signed with.",
    recommended: 1,
  },
  break_glass: {
    title: 'Enter a tenant without its consent',
    description: 'Support access by breaking the glass: recorded, short, and told to the tenant.',
    recommended: 1,
  },
  restore_in_place: {
    title: 'Restore in place',
    description: "A backup replaces a tenant's living data.",
    recommended: 2,
  },
  hand_over_backup: {
    title: 'Hand a tenant over to another installation',
    description: "Another installation gets the key of a tenant's backups, and may make a tenant of its own from them.",
    recommended: 1,
  },
  failover: {
    title: 'Fail over',
    description: 'Another site takes over the registry.',
    recommended: 2,
  },
  migrate_fleet: {
    title: 'Migrate the fleet',
    description: "New migrations over all tenants' schemas.",
    recommended: 1,
  },
  change_approvals: {
    title: 'Change what needs approval',
    description: 'How many must approve which act. Asking for fewer needs as many approvals as were asked for so far.',
    recommended: 1,
  },
} as const satisfies Record<string, { title: string; description: string; recommended: number }>;

export type DangerousAct = keyof typeof dangerousActs;
export const dangerousActNames = Object.keys(dangerousActs) as [DangerousAct, ...DangerousAct[]];

export const isDangerousAct = (act: string): act is DangerousAct => Object.hasOwn(dangerousActs, act);

export const mostApprovals = 5;
