/** How often an export was fetched, after “Fetched” or “fetched”. */
export const fetchedText = (downloads: number): string =>
  downloads === 0 ? 'not yet' : downloads === 1 ? 'once' : `${downloads} times`;
