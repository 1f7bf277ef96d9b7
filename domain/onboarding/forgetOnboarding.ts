import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';

/** With the tenant goes what it told: its domain, its contacts, and what people wrote about its items. */
export async function forgetOnboarding(em: Sql, tenantId: string): Promise<void> {
  await rows(em)`delete from tenant_mail_domains where tenant_id = ${tenantId}`;
  await rows(em)`delete from tenant_contacts where tenant_id = ${tenantId}`;
  await rows(em)`delete from tenant_samples where tenant_id = ${tenantId}`;
  await rows(em)`
    update onboarding_items set reason = null
    where reason is not null and run_id in (select run_id from onboardings where tenant_id = ${tenantId})`;
  await rows(em)`
    update run_steps set reason = null where reason is not null and reason_code = 'skipped'
      and run_id in (select run_id from onboardings where tenant_id = ${tenantId})`;
}
