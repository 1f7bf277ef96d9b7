/**
 * The token of a one-time link. It comes in the fragment, which browsers send to nobody, and leaves the address as soon as it is
 * read: not in the history, not over somebody's shoulder. Null when there is none.
 */
export function takeLinkToken(): string | null {
  const token = location.hash.slice(1);
  if (token === '') return null;
  history.replaceState(history.state, '', location.pathname + location.search);
  return token;
}
