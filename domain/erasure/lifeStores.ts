import { sql } from 'kysely';
import { forgetLicenses } from '../licenses/forgetLicenses.ts';
import { forgetUsage, heldUsage } from '../licenses/usage/forgetUsage.ts';
import { forgetBilling } from '../licenses/renewing/forgetBilling.ts';
import { forgetOnboarding } from '../onboarding/forgetOnboarding.ts';
import { rows } from '../sql.ts';
import type { RegistryStore } from './registryStores.ts';

const onboardingsOf = (tenantId: string) => sql`(select run_id from onboardings where tenant_id = ${tenantId})`;

/** What the registry holds of a tenant's life: how it began, was closed for a while, moved and passed from hand to hand. */
export const lifeStores: readonly RegistryStore[] = [
  {
    what: 'mail domain, contacts and words of its onboarding',
    held: (id) => sql`
      from (select tenant_id from tenant_mail_domains union all select tenant_id from tenant_contacts
            union all select tenant_id from tenant_samples
            union all select ${id}::uuid from onboarding_items where reason is not null and run_id in ${onboardingsOf(id)}) held
      where tenant_id = ${id}`,
    erase: forgetOnboarding,
  },
  {
    what: 'reasons and notices of suspensions',
    held: (id) => sql`
      from suspensions where tenant_id = ${id} and (notice is not null or why is not null or octet_length(sealed_reason) > 0)`,
    erase: (em, id) =>
      rows(em)`update suspensions set notice = null, why = null, sealed_reason = '' where tenant_id = ${id}`,
  },
  {
    what: 'addresses that it moved between',
    held: (id) => sql`from renames where tenant_id = ${id}`,
    erase: (em, id) => rows(em)`delete from renames where tenant_id = ${id}`,
  },
  {
    what: 'people between whom it passed',
    held: (id) => sql`from ownership_changes where tenant_id = ${id} and sealed_people is not null`,
    erase: (em, id) => rows(em)`update ownership_changes set sealed_people = null where tenant_id = ${id}`,
  },
  {
    what: 'lines of imports',
    held: (id) => sql`
      from import_lines where tenant_id = ${id} and (
        sealed is not null or slug is not null or external_id is not null or errors <> '[]' or reason is not null)`,
    erase: (em, id) => rows(em)`
      update import_lines set sealed = null, slug = null, external_id = null, errors = '[]', reason = null
      where tenant_id = ${id}`,
  },
  {
    what: 'what was chosen to be restored, and what came back',
    held: (id) => sql`
      from restores where (tenant_id = ${id} or source_tenant_id = ${id}) and (sealed_choice is not null or outcome is not null)`,
    erase: (em, id) => rows(em)`
      update restores set sealed_choice = null, outcome = null where tenant_id = ${id} or source_tenant_id = ${id}`,
  },
  {
    what: 'what was to be made of a past moment',
    held: (id) => sql`from recoveries where tenant_id = ${id} and sealed_wish is not null`,
    erase: (em, id) => rows(em)`update recoveries set sealed_wish = null where tenant_id = ${id}`,
  },
  {
    what: 'hand-overs to other installations',
    held: (id) => sql`from hand_overs where tenant_id = ${id}`,
    erase: (em, id) => rows(em)`delete from hand_overs where tenant_id = ${id}`,
  },
  {
    what: 'keys that it was brought with',
    held: (id) => sql`from arrivals where tenant_id = ${id} and (sealed_private is not null or sealed_key is not null)`,
    erase: (em, id) => rows(em)`update arrivals set sealed_private = null, sealed_key = null where tenant_id = ${id}`,
  },
  {
    what: 'licences: keys, files, machines and overrides',
    held: (id) => sql`
      from licenses where tenant_id = ${id} and (state in ('active', 'suspended') or claims is not null or sealed_key is not null)`,
    erase: forgetLicenses,
  },
  {
    what: 'what its licences measured',
    held: heldUsage,
    erase: forgetUsage,
  },
  {
    what: 'how it paid for its licences',
    held: (id) => sql`
      from (select tenant_id from billing_accounts
            union all select tenant_id from renewal_payments
              where customer is not null or payment_method is not null or reference is not null
            union all select tenant_id from license_renewals where signed_claims is not null) held
      where tenant_id = ${id}`,
    erase: forgetBilling,
  },
  {
    what: 'why its backups were paused',
    held: (id) => sql`from tenant_backups where tenant_id = ${id} and pause_reason <> ''`,
    erase: (em, id) =>
      rows(em)`update tenant_backups set pause_reason = '' where tenant_id = ${id} and pause_reason is not null`,
  },
  {
    what: 'what somebody signed up with',
    held: (id) => sql`from sign_ups where tenant_id = ${id} and (sealed is not null or sealed_reason is not null)`,
    erase: (em, id) => rows(em)`update sign_ups set sealed = null, sealed_reason = null where tenant_id = ${id}`,
  },
];
