import type { LicenseClaims, RevocationClaims } from '../claims.ts';
import { LicenseError } from '../errors.ts';
import { readDate } from './dates.ts';
import { entitlementsOf, list, matching, oneOf, patterns, record, truth, whole, wholeOrNull } from './shape.ts';

const most = Number.MAX_SAFE_INTEGER;
const longestDays = 3660;
const mostFingerprints = 2000;

const licenseMembers = [
  'connectivity',
  'entitlements',
  'expiresAt',
  'graceDays',
  'id',
  'issuedAt',
  'kid',
  'machines',
  'onExpiry',
  'plan',
  'policy',
  'product',
  'seats',
  'serial',
  'startsAt',
  'suspended',
  'tenant',
  'test',
  'transferable',
  'trial',
  'typ',
  'v',
];
const revocationMembers = ['issuedAt', 'kid', 'nextUpdate', 'number', 'product', 'revoked', 'typ', 'v'];
const revokedMembers = ['at', 'id', 'reason', 'serial'];
const [policyMembers, seatMembers, machineMembers] = [
  ['name', 'version'],
  ['limit', 'overage', 'soft'],
  ['binding', 'limit'],
];
const connectivityMembers = ['days'];
const expiryRules = ['block', 'degrade', 'log'];
const overageRules = ['refuse', 'allow', 'soft'];

/** A licence's claims with its dates as numbers: milliseconds since 1970. */
export interface ReadLicense {
  claims: LicenseClaims;
  issued: number;
  starts: number;
  /** Infinity when it is perpetual. */
  expires: number;
}

/**
 * Claims that were parsed from canonical text, if they are as FORMAT.md asks. The object itself is handed on.
 * Throws {@link LicenseError} `malformed` or `too_far`.
 */
export function readLicenseClaims(value: unknown): ReadLicense {
  const claims = record(value, licenseMembers, 'claims');
  typed(claims, 'tenantry-license');
  matching(claims['id'], patterns.uuid, 'id');
  whole(claims['serial'], 1, most, 'serial');
  matching(claims['tenant'], patterns.uuid, 'tenant');
  matching(claims['plan'], patterns.name, 'plan');
  const policy = record(claims['policy'], policyMembers, 'policy');
  matching(policy['name'], patterns.name, 'policy.name');
  whole(policy['version'], 1, most, 'policy.version');
  const issued = readDate(claims['issuedAt']);
  const starts = readDate(claims['startsAt']);
  const expires = claims['expiresAt'] === null ? Infinity : readDate(claims['expiresAt']);
  if (expires <= starts) throw new LicenseError('malformed', 'It ends before it begins.');
  whole(claims['graceDays'], 0, longestDays, 'graceDays');
  wholeOrNull(
    record(claims['connectivity'], connectivityMembers, 'connectivity')['days'],
    1,
    longestDays,
    'connectivity.days',
  );
  oneOf(claims['onExpiry'], expiryRules, 'onExpiry');
  truth(claims['trial'], 'trial');
  truth(claims['test'], 'test');
  truth(claims['suspended'], 'suspended');
  truth(claims['transferable'], 'transferable');
  const seats = record(claims['seats'], seatMembers, 'seats');
  wholeOrNull(seats['limit'], 0, most, 'seats.limit');
  oneOf(seats['overage'], overageRules, 'seats.overage');
  whole(seats['soft'], 0, most, 'seats.soft');
  const machines = record(claims['machines'], machineMembers, 'machines');
  wholeOrNull(machines['limit'], 0, most, 'machines.limit');
  if (machines['binding'] !== null) {
    const binding = list(machines['binding'], 'machines.binding');
    if (binding.length > mostFingerprints) throw new LicenseError('too_large', 'It is bound to too many machines.');
    for (const one of binding) matching(one, patterns.fingerprint, 'machines.binding');
  }
  entitlementsOf(claims['entitlements']);
  return { claims: claims as unknown as LicenseClaims, issued, starts, expires };
}

/** A revocation list's claims with its dates as numbers: milliseconds since 1970. */
export interface ReadRevocations {
  claims: RevocationClaims;
  issued: number;
  nextUpdate: number;
}

/** As {@link readLicenseClaims}. */
export function readRevocationClaims(value: unknown): ReadRevocations {
  const claims = record(value, revocationMembers, 'claims');
  typed(claims, 'tenantry-revocations');
  whole(claims['number'], 1, most, 'number');
  const issued = readDate(claims['issuedAt']);
  const nextUpdate = readDate(claims['nextUpdate']);
  if (nextUpdate < issued) throw new LicenseError('malformed', 'The next list is older than this one.');
  for (const one of list(claims['revoked'], 'revoked')) {
    const revoked = record(one, revokedMembers, 'revoked');
    matching(revoked['id'], patterns.uuid, 'revoked.id');
    wholeOrNull(revoked['serial'], 1, most, 'revoked.serial');
    readDate(revoked['at']);
    matching(revoked['reason'], patterns.reason, 'revoked.reason');
  }
  return { claims: claims as unknown as RevocationClaims, issued, nextUpdate };
}

function typed(claims: Record<string, unknown>, typ: string): void {
  if (claims['typ'] !== typ) throw new LicenseError('malformed', 'It is another kind of file.');
  if (claims['v'] !== 1) throw new LicenseError('malformed', 'It has a version that is not known here.');
  matching(claims['kid'], patterns.kid, 'kid');
  matching(claims['product'], patterns.product, 'product');
}
