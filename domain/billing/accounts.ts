import { DomainError } from '#contracts/errors.ts';
import type { BillingAccount, BillingAccountChange } from '#contracts/licenses/billing.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { isoOf } from '../isoOf.ts';
import { rows } from '../sql.ts';

interface Row {
  provider: BillingAccount['provider'];
  currency: string | null;
  customer: string | null;
  payment_method: string | null;
  updated_at: string;
}

/** How a tenant pays: by hand, unless something else was agreed. Refuses with `not_found`. */
export async function viewBilling(em: Sql, tenantId: string): Promise<BillingAccount> {
  const [tenant] = await rows(em)`select 1 from tenants where id = ${tenantId}`;
  if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
  const [row] = await rows<Row>(em)`select * from billing_accounts where tenant_id = ${tenantId}`;
  return {
    tenantId,
    provider: row?.provider ?? 'manual',
    currency: row?.currency ?? null,
    stripe: row?.customer && row.payment_method ? { customer: row.customer, paymentMethod: row.payment_method } : null,
    updatedAt: row ? isoOf(row.updated_at) : null,
  };
}

/** Payments that were begun go on as they were. Refuses with `not_found`, `tenant_erased`. */
export async function changeBilling(
  em: Sql,
  tenantId: string,
  { provider, currency, stripe }: BillingAccountChange,
  actor: Actor,
): Promise<BillingAccount> {
  const [tenant] = await rows<{ state: string }>(
    em,
  )`select state from tenants where id = ${tenantId} for no key update`;
  if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
  if (tenant.state === 'erased' || tenant.state === 'rolled_back')
    throw new DomainError('tenant_erased', 'Nothing is left of this tenant.');
  await rows(em)`
    insert into billing_accounts (tenant_id, provider, currency, customer, payment_method, updated_by)
    values (${tenantId}, ${provider}, ${currency}, ${stripe?.customer ?? null}, ${stripe?.paymentMethod ?? null},
            ${actor.userId}::uuid)
    on conflict (tenant_id) do update set provider = excluded.provider, currency = excluded.currency, customer = excluded.customer,
      payment_method = excluded.payment_method, updated_at = clock_timestamp(), updated_by = excluded.updated_by`;
  await appendEvent(
    em,
    { stream: `tenant:${tenantId}`, type: 'tenant.billing_changed', tenantId, data: { provider, currency } },
    actor,
  );
  return viewBilling(em, tenantId);
}
