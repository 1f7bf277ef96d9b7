import { DomainError } from '#contracts/errors.ts';
import type { LicensePrice, NewLicensePrice } from '#contracts/licenses/billing.ts';
import type { PolicyRef } from '#contracts/licenses/policies.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { isoOf } from '../isoOf.ts';
import { findPolicyRules } from '../licenses/policies/policyVersions.ts';
import { rows } from '../sql.ts';

/**
 * What a term costs by a version of a policy from now on; quotes that were made keep theirs. Refuses with `not_found`, `invalid_request`
 * (what is perpetual has no terms).
 */
export async function setPrice(
  em: Sql,
  policy: PolicyRef,
  { currency, amount }: NewLicensePrice,
  actor: Actor,
): Promise<void> {
  const { term } = await findPolicyRules(em, policy);
  if (term.kind === 'perpetual')
    throw new DomainError('invalid_request', 'What is perpetual has no terms that could cost something.');
  // Held, so that events of one stream cannot collide.
  await rows(em)`
    select 1 from license_policies where name = ${policy.name} order by version for no key update`;
  await rows(em)`
    insert into license_prices (policy_name, policy_version, currency, amount, set_by)
    values (${policy.name}, ${policy.version}, ${currency}, ${amount}, ${actor.userId}::uuid)`;
  await appendEvent(
    em,
    {
      stream: `license_policy:${policy.name}`,
      type: 'license_policy.price_set',
      tenantId: null,
      data: { ...policy, currency, amount },
    },
    actor,
  );
}

/** By currency, what counts now first. Refuses with `not_found`. */
export async function listPrices(em: Sql, policy: PolicyRef): Promise<LicensePrice[]> {
  await findPolicyRules(em, policy);
  const found = await rows<{ currency: string; amount: number; valid_from: string }>(em)`
    select currency, amount::float8 as amount, valid_from from license_prices
    where policy_name = ${policy.name} and policy_version = ${policy.version} order by currency, valid_from desc`;
  return found.map(({ currency, amount, valid_from }) => ({ currency, amount, validFrom: isoOf(valid_from) }));
}

/**
 * What a term costs now: in this currency, or in the only one that there is a price in. Refuses with `license_price_missing`. What is free
 * has a price of 0.
 */
export async function termPrice(
  em: Sql,
  policy: PolicyRef,
  currency: string | null,
): Promise<{ currency: string; amount: number }> {
  const found = await rows<{ currency: string; amount: number }>(em)`
    select distinct on (currency) currency, amount::float8 as amount from license_prices
    where policy_name = ${policy.name} and policy_version = ${policy.version}
      and (${currency}::text is null or currency = ${currency}) and valid_from <= clock_timestamp()
    order by currency, valid_from desc`;
  const [price] = found;
  const of = `version ${policy.version} of the policy "${policy.name}"`;
  if (!price)
    throw new DomainError('license_price_missing', `A term by ${of} has no price${currency ? ` in ${currency}` : ''}.`);
  if (found.length > 1)
    throw new DomainError(
      'license_price_missing',
      `A term by ${of} has prices in ${found.map((one) => one.currency).join(', ')}; name one.`,
    );
  return price;
}
