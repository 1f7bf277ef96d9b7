import type { LicenseToValidate, LicenseValidation, MeterUsage, ValidationCode } from '#contracts/licenses/uses.ts';
import type { Entitlement } from '#contracts/licenses/policies.ts';
import type { Reach } from '../../access/grants.ts';
import { isWithinReach } from '../../access/withinReach.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import type { Keyring } from '../../secrets/keyring.ts';
import { indexOf } from '../humanKeys.ts';
import { standingOf } from '../licenseRow.ts';
import { isUsedUp, usageOf } from '../usage/usedUp.ts';
import type { FoundLicense, LicenseLookup, Meant } from './licenseLookup.ts';

/** What a licence is worth at `now`, for what was asked. No secret of the tenant's is opened, and nothing is written. */
export async function validateLicense(
  { lookup, keyring, em }: { lookup: LicenseLookup; keyring: Keyring; em: () => Sql },
  asked: LicenseToValidate,
  reach: Reach,
  now: Date,
): Promise<LicenseValidation> {
  const { scope } = asked;
  const meant = meantBy(keyring, asked);
  const name = scope.entitlement ?? null;
  const found = meant && (await lookup.find({ ...meant, entitlement: name, now }));
  if (!found || !isWithinReach(reach, { tenantId: found.tenant_id, plan: found.tenant_plan }))
    return { valid: false, code: 'not_found', license: null };
  const usage = await measured(em, found, name, now);
  const code = codeOf(found, scope, usage, now);
  return { valid: code === 'valid' || code === 'grace', code, license: { ...viewOf(found), usage } };
}

function meantBy(keyring: Keyring, { key, licenseId }: Pick<LicenseToValidate, 'key' | 'licenseId'>): Meant | null {
  if (licenseId !== undefined) return { id: licenseId, keyIndex: null };
  const keyIndex = key === undefined ? null : indexOf(keyring, key);
  return keyIndex && { id: null, keyIndex };
}

/** What is used of the entitlement that was asked for, where it is a meter: one more statement, for those only. */
async function measured(
  em: () => Sql,
  found: FoundLicense,
  name: string | null,
  now: Date,
): Promise<MeterUsage | null> {
  if (name === null || found.entitlement === null || !('meter' in found.entitlement)) return null;
  return usageOf(em(), found, { name, meter: found.entitlement.meter, termPeriod: found.term_period }, now);
}

/** What is wrong first: that it is another licence, that it is none any more, that it does not cover this. */
function codeOf(
  found: FoundLicense,
  scope: LicenseToValidate['scope'],
  usage: MeterUsage | null,
  now: Date,
): ValidationCode {
  if (scope.product !== undefined && scope.product !== found.product) return 'wrong_product';
  if (scope.tenant !== undefined && scope.tenant !== found.tenant_id) return 'wrong_tenant';
  const standing = standingOf(found, now);
  if (standing === 'revoked') return standing;
  if (found.tenant_state !== 'active') return 'suspended';
  if (standing !== 'valid' && standing !== 'grace') return standing;
  if (scope.machine !== undefined && found.binding !== null && !found.binding.includes(scope.machine))
    return 'wrong_machine';
  if (scope.entitlement !== undefined && !grants(found.entitlement)) return 'not_entitled';
  if (usage && isUsedUp(usage) && found.overage !== 'allow') return 'meter_exceeded';
  return standing;
}

function grants(entitlement: Entitlement | null): boolean {
  if (entitlement === null) return false;
  if ('flag' in entitlement) return entitlement.flag;
  return 'number' in entitlement ? entitlement.number > 0 : entitlement.meter.limit !== 0;
}

const viewOf = (found: FoundLicense): Omit<NonNullable<LicenseValidation['license']>, 'usage'> => ({
  id: found.id,
  tenantId: found.tenant_id,
  product: found.product,
  plan: found.plan,
  serial: found.serial,
  trial: found.is_trial,
  test: found.is_test,
  startsAt: isoOf(found.starts_at),
  expiresAt: found.expires_at && isoOf(found.expires_at),
  overAt: found.over_at && isoOf(found.over_at),
  onExpiry: found.on_expiry,
  entitlement: found.entitlement,
  seats: { limit: found.seat_limit, used: found.seats_used },
  machines: { limit: found.machine_limit, used: found.machines_used },
});
