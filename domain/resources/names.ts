const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'; // Crockford's base 32: no letters that look like digits

/** A UUID as 26 letters: what names outside the registry are made of, so that they tell nothing of the customer. */
export function base32OfId(id: string): string {
  let rest = BigInt(`0x${id.replaceAll('-', '')}`);
  let text = '';
  for (let i = 0; i < 26; i++) {
    text = alphabet[Number(rest & 31n)] + text;
    rest >>= 5n;
  }
  return text;
}

/** Schema and login role of a tenant, alike in every data store. */
export const schemaNameOf = (tenantId: string): string => `t_${base32OfId(tenantId)}`;

/**
 * The second login role of a tenant. PostgreSQL knows one password of a role, so a rotation with overlap needs two roles: the pair
 * takes turns. It owns nothing, and what it does it does as the first.
 */
export const secondRoleOf = (schema: string): string => `${schema}_b`;

/** Every role of a tenant that may ever have a login: whoever ends or counts its sessions asks for both. */
export const loginRolesOf = (schema: string): [first: string, second: string] => [schema, secondRoleOf(schema)];

/** A bucket's name satisfies S3's rules: 3–63 characters, lower-case letters, digits, dashes. */
export const bucketNameOf = (tenantId: string): string => `t-${base32OfId(tenantId)}`;

/** Null for a name that {@link bucketNameOf} never gives. */
export function tenantOfBucket(bucket: string): string | null {
  const letters = /^t-([0-9a-hjkmnp-tv-z]{26})$/.exec(bucket)?.[1];
  if (!letters) return null;
  const value = [...letters].reduce((sum, letter) => (sum << 5n) | BigInt(alphabet.indexOf(letter)), 0n);
  const hex = value.toString(16).padStart(32, '0');
  return hex.length > 32 ? null : hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
