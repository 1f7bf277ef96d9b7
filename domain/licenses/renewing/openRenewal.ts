import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { NewRenewal } from '#contracts/licenses/renewals.ts';
import type { Sql } from '../../database.ts';
import { theSystem, type Actor } from '../../events/appendEvent.ts';
import { addSteps, openRun, type NewStep } from '../../runs/openRun.ts';
import { json, registryTime, rows } from '../../sql.ts';
import { daysAfter } from '../calendar.ts';
import { licensedTenant } from '../issueLicense.ts';
import { lockLicense } from '../licenseRow.ts';
import { notRenewable, quoteRenewal } from './quoteRenewal.ts';
import { isPaid, lockPayment, lockRenewal, tellOfRenewal } from './renewalRow.ts';

/** For so long a quote is good: what was not approved and paid by then is taken back. */
const quoteDays = 30;

/** Why a licence is renewed: somebody asked for it, or its policy does so when its term ends. */
export type RenewalOptions =
  | { cause: 'asked'; wanted: NewRenewal; now?: Date }
  /** @param dueAt when it became due, RFC 3339 */
  | { cause: 'due'; dueAt: string; now?: Date };

/**
 * Quotes a renewal and opens its run, in the caller's transaction; the caller starts the run after the commit. Of one licence one renewal is
 * open at a time, and of one term one is carried out, however often it is asked for.
 *
 * Refuses with `not_found`, `license_over`, `license_not_active`, `tenant_not_active`, `license_not_renewable`, `license_renewing`,
 * `license_price_missing`, `license_policy_unknown`, `invalid_request`.
 */
export async function openRenewal(
  em: Sql,
  licenseId: string,
  options: RenewalOptions,
  actor: Actor,
): Promise<{ renewalId: string; runId: string }> {
  const now = options.now ?? new Date(await registryTime(em));
  const licence = await lockLicense(em, licenseId);
  if (licence.state !== 'active')
    throw new DomainError('license_not_active', 'The licence is suspended; reinstate it first.');
  await licensedTenant(em, licence.tenant_id);
  const wanted: NewRenewal = options.cause === 'asked' ? options.wanted : { kind: 'renewal' };
  if (licence.cancelled_at_end_at !== null && wanted.kind !== 'upgrade')
    throw notRenewable('It is to end with its term; take that back first.');
  const { quote, rules, anchorAt, terms } = await quoteRenewal(em, licence, wanted, now, options.cause);
  if (options.cause === 'due' && (rules.renewal.mode === 'manual' || licence.is_trial))
    throw notRenewable('It is renewed when somebody asks for it, not by itself.');

  const [renewalId, runId] = [newId(), newId()];
  const { tenant_id: tenantId } = licence;
  await openRun(
    em,
    { id: runId, kind: 'renewLicense', tenantId, subjectId: licenseId, exclusive: false, cancellable: true },
    actor,
  );
  await addSteps(em, runId, stepsOf(quote));
  const opened = await rows(em)`
    insert into license_renewals (id, license_id, tenant_id, run_id, kind, cause, state, prolongs, wanted, quote, anchor_at, terms,
                                  needs_approval, quoted_at, quote_ends_at, asked_by)
    values (${renewalId}, ${licenseId}, ${tenantId}, ${runId}, ${wanted.kind}, ${options.cause}, 'open', ${licence.expires_at},
            ${json(wanted)}::jsonb, ${json(quote)}::jsonb, ${anchorAt}, ${terms}, ${rules.renewal.mode === 'approval'}, ${now},
            ${daysAfter(now, quoteDays)}, ${actor.userId}::uuid)
    on conflict do nothing returning 1`;
  if (opened.length === 0) throw await renewing(em, licenseId);
  await tellOfRenewal(
    em,
    { id: renewalId, tenant_id: tenantId, license_id: licenseId, run_id: runId },
    'opened',
    actor,
    {
      kind: wanted.kind,
      cause: options.cause,
      ...(options.cause === 'due' ? { dueAt: options.dueAt } : {}),
      policy: quote.policy,
      from: quote.from,
      until: quote.until,
      currency: quote.currency,
      amount: quote.amount,
      test: quote.test,
    },
  );
  return { renewalId, runId };
}

async function renewing(em: Sql, licenseId: string): Promise<DomainError> {
  const [open] = await rows<{ run_id: string }>(em)`
    select run_id from license_renewals where license_id = ${licenseId} and state = 'open'`;
  return open
    ? new DomainError(
        'license_renewing',
        'A renewal of this licence is under way. Wait for its end, or take it back.',
        {
          extra: { runId: open.run_id },
        },
      )
    : new DomainError('license_renewing', 'This term of the licence was renewed already.');
}

/** For a renewal whose workflow was lost: another run goes on where it was, with the same payment. */
export async function reopenRenewal(
  em: Sql,
  lost: { id: string; tenantId: string; cancelRequestedAt: string | null },
): Promise<string | null> {
  const renewal = await lockRenewal(em, lost.id);
  if (renewal.state !== 'open') return null;
  const runId = newId();
  const goesOn = renewal.activated_at !== null || isPaid(await lockPayment(em, renewal.id));
  const { tenantId } = lost;
  await openRun(
    em,
    {
      id: runId,
      kind: 'renewLicense',
      tenantId,
      subjectId: renewal.license_id,
      exclusive: false,
      cancellable: !goesOn,
      parentRunId: lost.id,
    },
    theSystem,
  );
  await addSteps(em, runId, stepsOf(renewal.quote));
  // A wish to cancel that was accepted stays accepted.
  const isCancelled = lost.cancelRequestedAt !== null && !goesOn;
  await rows(em)`
    update license_renewals set run_id = ${runId}, withdrawn_at = case when ${isCancelled} then coalesce(withdrawn_at, now()) else withdrawn_at end
    where id = ${renewal.id}`;
  return runId;
}

const stepsOf = ({ amount }: { amount: number }): NewStep[] => [
  { ...step('Quote the renewal', 'quote'), done: true },
  step('Sign the renewed licence, inactive', 'sign', 'discard'),
  ...(amount > 0 ? [step('Authorise the payment', 'authorise', 'void'), step('Capture the payment', 'capture')] : []),
  step('Activate the renewed licence', 'activate'),
  step('Deliver the licence', 'deliver'),
];

const step = (title: string, act: string, undo: string | null = null): NewStep => ({
  title,
  kind: 'fixed',
  provider: `renewal.${act}`,
  act: `renewal.${act}`,
  undo: undo && `renewal.${undo}`,
});
