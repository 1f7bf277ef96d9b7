/** What a server that issues licences needs: it signs with keys of its own, which never come here. */
export type { Entitlement, LicenseClaims, PublicJwk, RevocationClaims, Revoked } from './claims.ts';
export { LicenseError, type LicenseErrorCode } from './errors.ts';
export { canonicalJson } from './format/canonicalJson.ts';
export { generateLicenseKey, parseLicenseKey, type ParsedLicenseKey } from './humanKey.ts';
export { writeLicense, writeRevocations, type Sign } from './writing/writeFile.ts';
