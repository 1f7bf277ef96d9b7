/** The portal that a page belongs to, as its address says it; nothing where it is the platform's. */
const portalOf = (pathname: string): string => /^\/portal\/[^/]+/.exec(pathname)?.[0] ?? '';

/**
 * Where to go after signing in: only ever a path of this origin, and behind the same door, whatever the address bar was made to
 * say; `home` of the door otherwise.
 */
export function safeNext(next: string | null, home = '/tenants'): string {
  if (!next?.startsWith('/')) return home;
  const nowhere = 'https://tenantry.invalid';
  try {
    const { origin, pathname, search, hash } = new URL(next, nowhere);
    const path = pathname + search + hash;
    // Judged after parsing: browsers take `/\host` and `/<tab>/host` for another host.
    if (origin !== nowhere || path.startsWith('//')) return home;
    const door = portalOf(home);
    if (portalOf(pathname) !== door || pathname.startsWith(`${door}/sign-in`)) return home;
    return path;
  } catch {
    return home;
  }
}

export function signInPath(from: Pick<URL, 'pathname' | 'search'>): string {
  const next = from.pathname + from.search;
  const door = portalOf(from.pathname);
  const leadsHome = next === '/' || next === '/tenants' || next === door;
  return leadsHome ? `${door}/sign-in` : `${door}/sign-in?next=${encodeURIComponent(next)}`;
}

/** Where who must set up a second factor first is sent, and comes back from. */
export const setUpPath = (from: Pick<URL, 'pathname' | 'search'>): string =>
  `${portalOf(from.pathname)}/set-up-factor?next=${encodeURIComponent(from.pathname + from.search)}`;
