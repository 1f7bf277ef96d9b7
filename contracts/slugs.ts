/**
 * A tenant's address: one DNS label (RFC 1035 letters, digits, inner dashes; no `--`, which IDNA reserves), 2–39
 * characters, ASCII only so that no look-alike can pose as another tenant.
 */
export const slugPattern = /^(?=.{2,39}$)[a-z0-9]+(?:-[a-z0-9]+)*$/;
export const slugMaxLength = 39;

/** Addresses that the product, mail or the web's customs need for themselves. */
export const reservedSlugs: ReadonlySet<string> = new Set(
  (
    'about abuse account accounts admin administrator api app apps assets auth autoconfig autodiscover billing blog ' +
    'broadcasthost cdn console dashboard demo dev dns docs download email erased events example ftp graphql health help host ' +
    'hostmaster imap info internal invitation invitations ipv4 ipv6 isatap jobs licence license licenses localdomain ' +
    'localhost login logout mail marketing me media metrics mta-sts mx new news noc no-reply noreply null ns ns1 ns2 oauth ' +
    'oidc openapi operator owner platform pop pop3 portal portals postmaster private prod production profile public root ' +
    'runs sales saml scim secure security session sessions settings setup sign-in sign-out sign-up signin signout signup ' +
    'smtp ssl staging static status stage store support system tenant tenantry tenants test undefined usenet user users ' +
    'webhook webhooks webmail well-known wpad www www1 www2'
  ).split(' '),
);

export const slugIsValid = (slug: string): boolean => slugPattern.test(slug) && !reservedSlugs.has(slug);

const spelledOut: Record<string, string> = {
  ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', đ: 'd', ð: 'd', þ: 'th', ł: 'l', ı: 'i', ħ: 'h', '&': ' and ', '@': ' at ',
}; // prettier-ignore

/** An address made from a name: never empty, never invalid, never reserved; two names may give the same one. */
export function deriveSlug(name: string): string {
  const ascii = name
    .toLowerCase()
    .replace(/[ßæœøđðþłıħ&@]/g, (letter) => spelledOut[letter] ?? letter)
    .normalize('NFKD')
    .replace(/[\u0300-\u036f'’`´.]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  const base = shorten(ascii, slugMaxLength);
  if (base.length < 2) return base ? `tenant-${base}` : 'tenant-1';
  return reservedSlugs.has(base) ? shorten(`${base}-1`, slugMaxLength) : base;
}

/** `base-2`, `base-3`, …, still within the longest address. */
export function numberedSlug(base: string, number: number): string {
  const suffix = `-${number}`;
  return shorten(base, slugMaxLength - suffix.length) + suffix;
}

/** Cuts at a word's end where that keeps most of the text. */
function shorten(text: string, length: number): string {
  if (text.length <= length) return text;
  const cut = text.slice(0, length);
  const lastDash = text[length] === '-' ? length : cut.lastIndexOf('-');
  return (lastDash > length / 2 ? cut.slice(0, lastDash) : cut).replace(/-+$/, '');
}
