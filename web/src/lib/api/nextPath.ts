/** Where to go after signing in: only ever a path of this origin, whatever the address bar was made to say. */
export function safeNext(next: string | null): string {
  if (!next?.startsWith('/')) return '/tenants';
  const nowhere = 'https://tenantry.invalid';
  try {
    const { origin, pathname, search, hash } = new URL(next, nowhere);
    const path = pathname + search + hash;
    // Judged after parsing: browsers take `/\host` and `/<tab>/host` for another host.
    if (origin !== nowhere || path.startsWith('//') || pathname.startsWith('/sign-in')) return '/tenants';
    return path;
  } catch {
    return '/tenants';
  }
}

export function signInPath(from: Pick<URL, 'pathname' | 'search'>): string {
  const next = from.pathname + from.search;
  return next === '/' || next === '/tenants' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(next)}`;
}
