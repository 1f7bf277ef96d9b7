import { canonicalJson, writeLicense, type LicenseClaims } from '#packages/license/src/writing.ts';
import type { LicensePolicyRules } from '#contracts/licenses/policies.ts';
import type { Sql } from '../../database.ts';
import type { Installation } from '../../installation.ts';
import { rows } from '../../sql.ts';
import { fileTime } from '../fileTimes.ts';
import { licenseSignerOf } from '../keys/signingKeys.ts';
import type { LicenseRow } from '../licenseRow.ts';
import { findPolicyRules } from '../policies/policyVersions.ts';
import { granted, overridesOf } from './overridesOf.ts';

/** What of a licence its claims are made from. */
export type Claimed = Pick<
  LicenseRow,
  | 'id'
  | 'tenant_id'
  | 'product'
  | 'plan'
  | 'policy_name'
  | 'policy_version'
  | 'state'
  | 'is_test'
  | 'is_trial'
  | 'binding'
  | 'starts_at'
  | 'expires_at'
>;

export interface SignedClaims {
  kid: string;
  /** Canonical JSON (RFC 8785). */
  claims: string;
  signature: Buffer;
}

/** Signs what the licence grants at `now`. What no verifier would take is not signed: that is a defect of ours, not of a caller. */
export async function signClaims(
  em: Sql,
  installation: Installation,
  licence: Claimed,
  rules: LicensePolicyRules,
  { serial, now }: { serial: number; now: Date },
): Promise<SignedClaims> {
  const { kid, sign } = await licenseSignerOf(em, installation, licence.product, now);
  const overrides = (await overridesOf(em, [licence.id], now)).get(licence.id) ?? [];
  const { seats, machines } = rules;
  const claims: LicenseClaims = {
    typ: 'tenantry-license',
    v: 1,
    kid,
    id: licence.id,
    serial,
    product: licence.product,
    tenant: licence.tenant_id,
    plan: licence.plan,
    policy: { name: licence.policy_name, version: licence.policy_version },
    issuedAt: fileTime(now),
    startsAt: fileTime(new Date(licence.starts_at)),
    expiresAt: licence.expires_at === null ? null : fileTime(new Date(licence.expires_at)),
    graceDays: rules.graceDays,
    connectivity: { days: rules.connectivityDays },
    onExpiry: rules.onExpiry,
    trial: licence.is_trial,
    test: licence.is_test,
    seats: { limit: seats.limit, overage: seats.overage, soft: seats.soft },
    machines: { limit: machines.limit, binding: licence.binding },
    entitlements: granted(rules.entitlements, overrides),
    suspended: licence.state === 'suspended',
    transferable: rules.transferable,
  };
  let signature = Buffer.alloc(0);
  await writeLicense({ claims, sign: (bytes) => (signature = Buffer.from(sign(bytes))) });
  return { kid, claims: canonicalJson(claims), signature };
}

/**
 * Signs a licence anew, with the next serial, after what it is made from was changed in its row. The caller holds the licence.
 *
 * @returns the serial
 */
export async function resign(em: Sql, installation: Installation, licence: Claimed, now: Date): Promise<number> {
  const rules = await findPolicyRules(em, { name: licence.policy_name, version: licence.policy_version });
  const [counted] = await rows<{ serial: number }>(em)`
    update licenses set serial = serial + 1 where id = ${licence.id} returning serial`;
  const serial = counted!.serial;
  const { kid, claims, signature } = await signClaims(em, installation, licence, rules, { serial, now });
  await rows(em)`
    update licenses set kid = ${kid}, claims = ${claims}, signature = ${signature}, issued_at = date_trunc('second', ${now}::timestamptz)
    where id = ${licence.id}`;
  return serial;
}
