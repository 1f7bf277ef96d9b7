import { page } from '$app/state';

/** Where somebody signs in and keeps their account: at the platform's door, or at a tenant's. The pages are the same. */
export interface Door {
  /** Stands before each path of the API. */
  api: string;
  /** Stands before the address of each page. */
  pages: string;
  /** Whose door it is, as people call it. */
  title: string;
  /** Where signing in leads. */
  home: string;
}

export const platformDoor: Door = { api: '/api/v1', pages: '', title: 'Tenantry', home: '/tenants' };

export const portalDoor = (slug: string, title: string): Door => ({
  api: `/api/v1/portals/${encodeURIComponent(slug)}`,
  pages: `/portal/${encodeURIComponent(slug)}`,
  title,
  home: `/portal/${encodeURIComponent(slug)}`,
});

/** The door of the page that is shown: a portal's layout names it, and without one it is the platform's. */
export const door = (): Door => (page.data['door'] as Door | undefined) ?? platformDoor;
