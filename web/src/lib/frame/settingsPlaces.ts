import type { Permission } from '#contracts/permissions.ts';

/** A page of the settings: its address, its name in the navigation, and what one must be permitted to see it. */
export interface SettingsPlace {
  href: string;
  title: string;
  needs: Permission;
}

/** Every page of the settings, in the order of the navigation. */
export const settingsPlaces: readonly SettingsPlace[] = [
  { href: '/settings/approvals', title: 'Approvals', needs: 'approvals:read' },
  { href: '/settings/notifications', title: 'Notifications', needs: 'notifications:manage' },
  { href: '/settings/api-keys', title: 'API keys', needs: 'api-keys:create' },
  { href: '/settings/worker-tokens', title: 'Served outside', needs: 'worker-tokens:manage' },
];

export const permittedSettings = (permissions: readonly Permission[]): SettingsPlace[] =>
  settingsPlaces.filter(({ needs }) => permissions.includes(needs));

/** Whether the page shown is this place or one below it. */
export const isWithin = (href: string, pathname: string): boolean =>
  pathname === href || pathname.startsWith(`${href}/`);
