/** Names as people type them when they search: without case and accents. Stored beside the name, so that one index serves. */
export const foldForSearch = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/ß/g, 'ss')
    .replace(/[ø]/g, 'o')
    .replace(/[łŁ]/g, 'l')
    .replace(/[’‘`´]/g, "'")
    .replace(/\s+/g, ' ')
    .trim();

export const searchTextOf = (tenant: { name: string; externalId: string | null }): string =>
  [foldForSearch(tenant.name), tenant.externalId?.toLowerCase()].filter(Boolean).join('\n');
