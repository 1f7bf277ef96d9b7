import type { OnboardingItem } from '#contracts/onboarding/items.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';

/** What of a tenant's beginning is so already, whoever did it and whether or not anybody was counting then. */
export async function whatHolds(em: Sql, tenantId: string): Promise<OnboardingItem[]> {
  const [found] = await rows<Record<OnboardingItem, boolean>>(em)`
    select
      exists (select 1 from users u where u.tenant_id = t.id and u.portal_role = 'tenant-admin' and u.activated_at is not null)
        as admin_accepted,
      exists (select 1 from users u where u.tenant_id = t.id and u.portal_role = 'tenant-admin'
        and (exists (select 1 from totp_secrets s where s.user_id = u.id and s.confirmed_at is not null) or exists (select 1 from passkeys k where k.user_id = u.id))) as second_factor,
      exists (select 1 from tenant_mail_domains d where d.tenant_id = t.id and d.verified_at is not null) as mail_domain,
      exists (select 1 from tenant_contacts c where c.tenant_id = t.id and c.kind = 'billing') as billing_contact,
      (select count(*) from users u where u.tenant_id = t.id and u.activated_at is not null) > 1 as first_members,
      exists (select 1 from tenant_samples s where s.tenant_id = t.id and s.state = 'loaded') as sample_data
    from tenants t where t.id = ${tenantId}`;
  return (Object.entries(found ?? {}) as [OnboardingItem, boolean][])
    .filter(([, holds]) => holds)
    .map(([item]) => item);
}
