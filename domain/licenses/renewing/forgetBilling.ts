import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { rows } from '../../sql.ts';

/** Of how an erased tenant paid nothing is left but amounts, times, and the ids of payments, which the books need and nobody can be found by here. */
export async function forgetBilling(em: Sql, tenantId: string): Promise<void> {
  await rows(em)`delete from billing_accounts where tenant_id = ${tenantId}`;
  await rows(em)`
    update renewal_payments set customer = null, payment_method = null, reference = null where tenant_id = ${tenantId}`;
  await rows(em)`
    update license_renewals set signed_claims = null, signature = null where tenant_id = ${tenantId}`;
}

/** What a tenant takes with it of its renewals. */
export async function exportedRenewals(em: Sql, tenantId: string): Promise<object[]> {
  const found = await rows<{
    id: string;
    license_id: string;
    state: string;
    quote: object;
    payment: string | null;
    reference: string | null;
    asked_at: string;
    activated_at: string | null;
  }>(em)`
    select n.id, n.license_id, n.state, n.quote, p.state as payment, p.reference, n.asked_at, n.activated_at
    from license_renewals n left join renewal_payments p on p.renewal_id = n.id
    where n.tenant_id = ${tenantId} order by n.asked_at, n.id`;
  return found.map(({ id, license_id, state, quote, payment, reference, asked_at, activated_at }) => ({
    id,
    licenseId: license_id,
    state,
    quote,
    payment: payment && { state: payment, reference },
    askedAt: isoOf(asked_at),
    activatedAt: activated_at && isoOf(activated_at),
  }));
}
