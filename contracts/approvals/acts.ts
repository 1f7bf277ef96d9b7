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
  failover: {
    title: 'Fail over',
    description: 'Another site takes over the registry.',
    recommended: 2,
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
