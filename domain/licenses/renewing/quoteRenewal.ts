import { DomainError } from '#contracts/errors.ts';
import type { LicensePolicyRules, PolicyRef } from '#contracts/licenses/policies.ts';
import type { NewRenewal, RenewalQuote } from '#contracts/licenses/renewals.ts';
import { termPrice } from '../../billing/prices.ts';
import type { Sql } from '../../database.ts';
import { rows } from '../../sql.ts';
import { rulesOf } from '../issueLicense.ts';
import { findLicense, invalid, type LicenseRow } from '../licenseRow.ts';
import { stretchOf, type Stretch } from './proration.ts';
import { amountOf, creditsFor, linesFor } from './quote.ts';
import { isByCalendar, nextBegin, nextTerm, type NextTerm, type Term } from './terms.ts';

/** What a renewal would cost, and how the licence's terms are counted after it. */
export interface Quoted extends NextTerm {
  quote: RenewalQuote;
  rules: LicensePolicyRules;
}

/**
 * Works out what is wanted of a licence; writes nothing. Refuses with `license_not_renewable`, `license_policy_unknown`,
 * `license_price_missing`, `invalid_request`, `not_found` (the licence that it is brought to the end of).
 *
 * @param now dates and the days of a part are counted by it
 * @param cause what is due late, because nobody was there to do it, is renewed term by term until its end lies ahead
 */
export async function quoteRenewal(
  em: Sql,
  licence: LicenseRow,
  wanted: NewRenewal,
  now: Date,
  cause: 'asked' | 'due' = 'asked',
): Promise<Quoted> {
  const own = { name: licence.policy_name, version: licence.policy_version };
  const policy = wanted.policy ?? own;
  const rules = await rulesOf(em, policy);
  if (rules.product !== licence.product)
    throw invalid({ path: 'policy', message: `is for another product than "${licence.product}"` });
  const period = periodOf(rules);
  const term = termOf(licence);
  const currency = wanted.currency ?? (await currencyOf(em, licence.tenant_id));
  const priced = async (of: PolicyRef) => termPriceOf(em, licence, of, currency);

  switch (wanted.kind) {
    case 'renewal': {
      const next = nextTerm(term, period, rules.renewal.basis, now);
      if (next.expiresAt <= now && cause === 'asked')
        throw notRenewable('One more term would be over already; issue a new licence, or renew it from now on.');
      const price = await priced(policy);
      const lines = linesFor(price, { terms: 1, days: 0, ofDays: 1 });
      return quoted(licence, wanted, { policy, rules, next, lines, currency: price.currency });
    }
    case 'co_term': {
      refuseTrial(licence);
      const other = await otherLicence(em, licence, wanted.with ?? licence.id);
      const from = nextBegin(term, rules.renewal.basis, now);
      if (other.expiresAt <= from) throw invalid({ path: 'with', message: 'ends no later than this licence does' });
      const price = await priced(policy);
      const lines = linesFor(price, stretchOf(from, other.expiresAt, period));
      // Counted as the other is, the two keep ending together.
      const next = isByCalendar(other, period)
        ? { ...other, from }
        : { from, anchorAt: other.expiresAt, terms: 0, expiresAt: other.expiresAt };
      return quoted(licence, wanted, { policy, rules, next, lines, currency: price.currency });
    }
    case 'upgrade': {
      refuseTrial(licence);
      if (policy.name === own.name && policy.version === own.version)
        throw invalid({ path: 'policy', message: 'is the one that it has' });
      if (now >= term.expiresAt) throw notRenewable('Its term is over: renew it by the other policy instead.');
      const left = (by: string): Stretch => stretchOf(now, term.expiresAt, by);
      const [before, after] = [await priced(own), await priced(policy)];
      if (before.currency !== after.currency)
        throw invalid({ path: 'currency', message: 'is missing: the two policies have prices in different ones' });
      const ownPeriod = periodOf(await rulesOf(em, own));
      const lines = [...linesFor(after, left(period)), ...creditsFor(before, left(ownPeriod))];
      return quoted(licence, wanted, {
        policy,
        rules,
        next: { ...term, from: now },
        lines,
        currency: after.currency,
      });
    }
  }
}

function quoted(
  licence: LicenseRow,
  { kind }: NewRenewal,
  of: {
    policy: PolicyRef;
    rules: LicensePolicyRules;
    next: NextTerm;
    lines: RenewalQuote['lines'];
    currency: string | null;
  },
): Quoted {
  const amount = amountOf(of.lines);
  return {
    ...of.next,
    rules: of.rules,
    quote: {
      kind,
      policy: of.policy,
      from: of.next.from.toISOString(),
      until: of.next.expiresAt.toISOString(),
      currency: amount > 0 ? of.currency : null,
      amount,
      lines: licence.is_test ? [] : of.lines,
      test: licence.is_test,
    },
  };
}

/** Of a licence for trying out nothing is ever charged, and no price is asked for. */
async function termPriceOf(
  em: Sql,
  { is_test: isTest }: LicenseRow,
  policy: PolicyRef,
  currency: string | null,
): Promise<{ policy: PolicyRef; amount: number; currency: string | null }> {
  return { policy, ...(isTest ? { amount: 0, currency: null } : await termPrice(em, policy, currency)) };
}

async function currencyOf(em: Sql, tenantId: string): Promise<string | null> {
  const [account] = await rows<{ currency: string | null }>(em)`
    select currency from billing_accounts where tenant_id = ${tenantId}`;
  return account?.currency ?? null;
}

async function otherLicence(em: Sql, licence: LicenseRow, id: string): Promise<Term> {
  if (id === licence.id) throw invalid({ path: 'with', message: 'is this licence itself' });
  const other = await findLicense(em, id);
  // Of another tenant's licences nothing is told, neither that they are there nor when they end.
  if (other.tenant_id !== licence.tenant_id) throw new DomainError('not_found', 'There is no such licence.');
  if (other.state !== 'active') throw invalid({ path: 'with', message: 'is not active' });
  return termOf(other);
}

/** Refuses with `license_not_renewable` what has no end. */
export function termOf({ anchor_at, terms, expires_at }: LicenseRow): Term {
  if (expires_at === null) throw notRenewable('What never ends is not renewed.');
  return { anchorAt: new Date(anchor_at), terms, expiresAt: new Date(expires_at) };
}

function periodOf({ term }: LicensePolicyRules): string {
  if (term.kind === 'perpetual') throw notRenewable('By a perpetual policy nothing is renewed.');
  return term.period;
}

function refuseTrial({ is_trial: isTrial }: LicenseRow): void {
  if (isTrial) throw notRenewable('A trial becomes a licence by a renewal; nothing of it was paid for yet.');
}

export const notRenewable = (why: string): DomainError => new DomainError('license_not_renewable', why);
