import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { NewLicense } from '#contracts/licenses/licenses.ts';
import type { LicensePolicyRules, PolicyRef } from '#contracts/licenses/policies.ts';
import type { TenantState } from '#contracts/tenants.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import type { Platform } from '../platform.ts';
import { rows } from '../sql.ts';
import { daysAfter, endOfTerms } from './calendar.ts';
import { keepDues } from './dues/keepDues.ts';
import { newHumanKey } from './humanKeys.ts';
import { accessOfLicenses } from './provisioning/licenseAccess.ts';
import { invalid } from './licenseRow.ts';
import { findPolicyRules } from './policies/policyVersions.ts';
import { signClaims, type Claimed } from './signing/signLicense.ts';

export type Issuing = Pick<Platform, 'installation' | 'tenantKeys'>;

/** A licence that is to be written, with all that was decided of it. */
export type Planned = Omit<Claimed, 'starts_at' | 'expires_at'> & {
  startsAt: Date;
  expiresAt: Date | null;
  /** From when terms are counted, and how many have been granted. */
  anchorAt: Date;
  terms: number;
  transferredFrom: string | null;
  /** Whose resource it is; null for one that is issued by hand. */
  tag: string | null;
};

/**
 * Issues a licence to a tenant, signed, by the policy of its plan unless another is named. Refuses with `not_found`, `tenant_not_active`,
 * `license_policy_missing` when the plan points at none, `license_policy_unknown`, `invalid_request` for dates that the policy does not
 * allow.
 *
 * Call it with the tenant's key read before: inside the transaction that would want a second connection.
 *
 * @param id chosen before, where the same request may come twice
 * @param tag of the resource that it is issued as: then the tenant may still be provisioned
 * @returns its id
 */
export async function issueLicense(
  em: Sql,
  platform: Issuing,
  {
    tenantId,
    wanted,
    now,
    id = newId(),
    tag = null,
  }: { tenantId: string; wanted: NewLicense; now: Date; id?: string; tag?: string | null },
  actor: Actor,
): Promise<string> {
  const plan = await licensedTenant(em, tenantId, tag === null ? whileOpened : [...whileOpened, 'provisioning']);
  const policy = wanted.policy ?? plan.policy;
  if (!policy)
    throw new DomainError('license_policy_missing', `The plan "${plan.name}" points at no licence policy; name one.`);
  const rules = await rulesOf(em, policy);
  const times = timesOf(rules, wanted, now);
  await writeIssued(
    em,
    platform,
    {
      id,
      tenant_id: tenantId,
      product: rules.product,
      plan: plan.name,
      policy_name: policy.name,
      policy_version: policy.version,
      state: 'active',
      is_test: wanted.test,
      is_trial: wanted.trial,
      binding: wanted.binding ?? null,
      transferredFrom: null,
      tag,
      ...times,
    },
    rules,
    now,
    actor,
  );
  return id;
}

const whileOpened: TenantState[] = ['active', 'suspended'];

/** A tenant that licences can be issued to stays so until the caller's transaction ends. Refuses with `not_found`, `tenant_not_active`. */
export async function licensedTenant(
  em: Sql,
  tenantId: string,
  states: readonly TenantState[] = whileOpened,
): Promise<{ name: string; policy: PolicyRef | null }> {
  const [tenant] = await rows<{
    plan: string;
    state: TenantState;
    license_policy_name: string | null;
    license_policy_version: number | null;
  }>(em)`
    select t.plan, t.state, p.license_policy_name, p.license_policy_version
    from tenants t join plans p on p.name = t.plan where t.id = ${tenantId} for share of t`;
  if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
  if (!states.includes(tenant.state))
    throw new DomainError('tenant_not_active', 'Licences are issued to tenants that are active or suspended.');
  const { plan, license_policy_name: name, license_policy_version: version } = tenant;
  return { name: plan, policy: name === null || version === null ? null : { name, version } };
}

export async function rulesOf(em: Sql, policy: PolicyRef): Promise<LicensePolicyRules> {
  try {
    return await findPolicyRules(em, policy);
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'not_found') throw error;
    throw new DomainError('license_policy_unknown', error.publicMessage, {
      cause: error,
      fields: [{ path: 'policy', message: 'is unknown' }],
    });
  }
}

const toSecond = (time: Date): Date => new Date(Math.floor(time.getTime() / 1000) * 1000);

function timesOf(
  { term, trialDays }: LicensePolicyRules,
  { startsAt, expiresAt, trial }: NewLicense,
  now: Date,
): Pick<Planned, 'startsAt' | 'expiresAt' | 'anchorAt' | 'terms'> {
  if (trial && trialDays === 0) throw invalid({ path: 'trial', message: 'is not possible: the policy has no trials' });
  const start = toSecond(startsAt === undefined ? now : new Date(startsAt));
  const isPerpetual = term.kind === 'perpetual' && !trial;
  if (isPerpetual && expiresAt !== undefined)
    throw invalid({ path: 'expiresAt', message: 'is not possible: the policy is perpetual' });
  const terms = trial || term.kind === 'perpetual' ? 0 : 1;
  const byPolicy = trial ? daysAfter(start, trialDays) : term.kind === 'term' ? endOfTerms(start, term.period) : null;
  const end = expiresAt === undefined ? byPolicy : toSecond(new Date(expiresAt));
  if (end !== null && end <= start) throw invalid({ path: 'expiresAt', message: 'must be after it starts' });
  return { startsAt: start, expiresAt: end, anchorAt: start, terms };
}

/** Writes a new licence with its first signature and its human key; the caller's transaction holds the tenant. */
export async function writeIssued(
  em: Sql,
  { installation, tenantKeys }: Issuing,
  planned: Planned,
  rules: LicensePolicyRules,
  now: Date,
  actor: Actor,
): Promise<void> {
  const { id, tenant_id: tenantId, startsAt, expiresAt, ...rest } = planned;
  const key = await newHumanKey({ tenantKeys, keyring: installation.keyring }, { tenantId, licenseId: id });
  const claimed = {
    ...planned,
    starts_at: startsAt.toISOString(),
    expires_at: expiresAt && expiresAt.toISOString(),
  };
  const signed = await signClaims(em, installation, claimed, rules, { serial: 1, now });
  const overAt = expiresAt && daysAfter(expiresAt, rules.graceDays);
  const access = await accessOfLicenses(em, tenantId);
  await rows(em)`
    insert into licenses (id, tenant_id, product, plan, policy_name, policy_version, state, serial, kid, is_test, is_trial, binding,
                          anchor_at, terms, starts_at, expires_at, over_at, issued_at, claims, signature, key_index, sealed_key,
                          transferred_from, created_by, tag, access, access_at)
    values (${id}, ${tenantId}, ${rest.product}, ${rest.plan}, ${rest.policy_name}, ${rest.policy_version}, ${rest.state}, 1,
            ${signed.kid}, ${rest.is_test}, ${rest.is_trial}, ${rest.binding}::text[], ${rest.anchorAt}, ${rest.terms}, ${startsAt},
            ${expiresAt}, ${overAt}, ${toSecond(now)}, ${signed.claims}, ${signed.signature}, ${key.index}, ${key.sealed},
            ${rest.transferredFrom}::uuid, ${actor.userId}::uuid, ${rest.tag}, ${access}, ${access === 'open' ? null : now})`;
  // It is on the list from the beginning, as the tenant's others are.
  if (access === 'suspended')
    await rows(em)`update license_products set revocation_number = revocation_number + 1 where name = ${rest.product}`;
  await keepDues(em, id, now);
  await appendEvent(
    em,
    {
      stream: `license:${id}`,
      type: 'license.issued',
      tenantId,
      data: {
        product: rest.product,
        policy: { name: rest.policy_name, version: rest.policy_version },
        startsAt: startsAt.toISOString(),
        expiresAt: expiresAt && expiresAt.toISOString(),
        trial: rest.is_trial,
        test: rest.is_test,
        ...(rest.transferredFrom ? { transferredFrom: rest.transferredFrom } : {}),
      },
    },
    actor,
  );
}
