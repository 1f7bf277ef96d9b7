import type { Grant, Permission } from '#contracts/permissions.ts';
import { opens } from './places.ts';

/** A page of the settings: its address, its name in the navigation, and what one must be permitted to see it. */
export interface SettingsPlace {
  href: string;
  title: string;
  needs: Permission;
  /** What it shows belongs to no tenant: a role for one tenant or plan does not open it. */
  isPlatform?: boolean;
}

/** Every page of the settings, in the order of the navigation. */
export const settingsPlaces: readonly SettingsPlace[] = [
  { href: '/settings/people', title: 'People', needs: 'people:read', isPlatform: true },
  { href: '/settings/roles', title: 'Roles', needs: 'roles:read' },
  { href: '/settings/api-keys', title: 'API keys', needs: 'api-keys:create' },
  { href: '/settings/sign-ups', title: 'Sign-ups', needs: 'sign-ups:read', isPlatform: true },
  { href: '/settings/onboarding', title: 'Onboarding', needs: 'onboarding:read', isPlatform: true },
  { href: '/settings/approvals', title: 'Approvals', needs: 'approvals:read', isPlatform: true },
  { href: '/settings/support-access', title: 'Support access', needs: 'support:read' },
  { href: '/settings/notifications', title: 'Notifications', needs: 'notifications:manage', isPlatform: true },
  { href: '/settings/schedules', title: 'Schedules', needs: 'schedules:read', isPlatform: true },
  { href: '/settings/servers', title: 'Database servers', needs: 'platform:recover', isPlatform: true },
  { href: '/settings/platform-backups', title: 'Control plane’s backups', needs: 'platform:recover', isPlatform: true },
  { href: '/settings/worker-tokens', title: 'Served outside', needs: 'worker-tokens:manage', isPlatform: true },
];

export const permittedSettings = (grants: readonly Grant[]): SettingsPlace[] =>
  settingsPlaces.filter((place) => opens(grants, place));

/** Whether the page shown is this place or one below it. */
export const isWithin = (href: string, pathname: string): boolean =>
  pathname === href || pathname.startsWith(`${href}/`);
