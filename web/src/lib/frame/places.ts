import { may, type Grant, type Permission } from '#contracts/permissions.ts';
import type { IconName } from '#lib/display/Icon.svelte';

/** A page of the navigation, and what one must be permitted to see it. */
export interface Place {
  href: string;
  title: string;
  icon: IconName;
  /** Pages of the same place that have an address of their own. */
  also?: string;
  needs: Permission;
  /** What it shows belongs to no tenant: a role for one tenant or plan does not open it. */
  isPlatform?: boolean;
}

/** Every place, in the order of the navigation. */
export const places: readonly Place[] = [
  { href: '/tenants', title: 'Tenants', icon: 'tenants', needs: 'tenants:read', also: '/imports' },
  { href: '/licenses', title: 'Licences', icon: 'licenses', needs: 'licenses:read' },
  { href: '/backups', title: 'Backups', icon: 'backups', needs: 'backups:read' },
  { href: '/runbooks', title: 'Runbooks', icon: 'runbooks', needs: 'runbooks:read', isPlatform: true },
  { href: '/onboarding', title: 'Onboarding', icon: 'onboarding', needs: 'onboarding:read' },
  { href: '/runs', title: 'Runs', icon: 'runs', needs: 'runs:read' },
  { href: '/fleet', title: 'Fleet', icon: 'fleet', needs: 'runs:read', isPlatform: true },
  { href: '/tasks', title: 'Tasks', icon: 'tasks', needs: 'tasks:read' },
  { href: '/approvals', title: 'Approvals', icon: 'approvals', needs: 'approvals:read' },
  { href: '/findings', title: 'Findings', icon: 'findings', needs: 'drift:read' },
  { href: '/audit', title: 'Audit', icon: 'audit', needs: 'audit:read' },
  { href: '/blueprints', title: 'Blueprints', icon: 'blueprints', needs: 'blueprints:read', isPlatform: true },
];

/** Whether somebody with these grants may see what needs this, anywhere or, for what is the platform's, there. */
export const opens = (
  grants: readonly Grant[],
  { needs, isPlatform = false }: { needs: Permission; isPlatform?: boolean },
): boolean => (isPlatform ? may(grants, needs) : grants.some(({ permissions }) => permissions.includes(needs)));

export const permittedPlaces = (grants: readonly Grant[]): Place[] => places.filter((place) => opens(grants, place));
