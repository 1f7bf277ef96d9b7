import { sql, type RawBuilder } from 'kysely';
import type { ErasedCount } from '#contracts/offboarding/certificate.ts';
import type { Sql } from '../database.ts';
import { erasePeople } from '../members/realmPeople.ts';
import { rows } from '../sql.ts';
import { lifeStores } from './lifeStores.ts';

/** What the registry holds of a tenant's people and words: how it is counted, and how it goes. */
export interface RegistryStore {
  what: string;
  /** Rows that hold something, `from … where …`. */
  held(tenantId: string): RawBuilder<unknown>;
  erase(em: Sql, tenantId: string): Promise<unknown>;
}

const stepsOf = (tenantId: string) =>
  sql`(select s.id from run_steps s join runs r on r.id = s.run_id where r.tenant_id = ${tenantId})`;

const isOfRemoval = sql`route = 'delete /api/v1/tenants/{tenantId}'`;

/** What pages and lists call a tenant whose name is gone. */
const nameOfErased = 'Erased tenant';

/**
 * In an order that the references between them allow. What is left of a tenant afterwards are ids, times and states: of runs, steps,
 * resources and events, which hold nothing personal. Whoever keeps something new of a tenant adds it here; the test that looks for the words of an
 * erased tenant in every table finds what was forgotten.
 */
export const registryStores: readonly RegistryStore[] = [
  {
    what: 'mails that waited',
    held: (id) => sql`from mails where tenant_id = ${id}`,
    erase: (em, id) => rows(em)`delete from mails where tenant_id = ${id}`,
  },
  {
    what: 'people',
    held: (id) => sql`from users where tenant_id = ${id}`,
    erase: erasePeople,
  },
  {
    what: 'secrets of its resources',
    held: (id) => sql`from resource_secrets where resource_id in (select id from resources where tenant_id = ${id})`,
    erase: (em, id) =>
      rows(em)`delete from resource_secrets where resource_id in (select id from resources where tenant_id = ${id})`,
  },
  {
    what: 'inputs and outputs of steps',
    held: (id) => sql`from step_inputs where step_id in ${stepsOf(id)}`,
    async erase(em, id) {
      await rows(em)`delete from step_callbacks where run_id in (select id from runs where tenant_id = ${id})`;
      await rows(em)`delete from step_inputs where step_id in ${stepsOf(id)}`;
      await rows(em)`update run_steps set output = null where id in ${stepsOf(id)} and output is not null`;
    },
  },
  {
    what: 'plans made before it was created',
    held: (id) => sql`from tenant_plans where tenant_id = ${id}`,
    erase: (em, id) => rows(em)`delete from tenant_plans where tenant_id = ${id}`,
  },
  {
    what: 'answers kept for repetition',
    held: (id) => sql`
      from idempotency_keys
      where (body ->> 'tenantId' = ${id} or body ->> 'id' = ${id}) and (not ${isOfRemoval} or body ->> 'slug' <> '')`,
    async erase(em, id) {
      await rows(em)`
        delete from idempotency_keys where (body ->> 'tenantId' = ${id} or body ->> 'id' = ${id}) and not ${isOfRemoval}`;
      // Whoever asked for the removal may ask again and is answered the same, but for the address.
      await rows(em)`
        update idempotency_keys set body = jsonb_set(body, '{slug}', '""')
        where body ->> 'tenantId' = ${id} and jsonb_exists(body, 'slug') and ${isOfRemoval}`;
    },
  },
  {
    what: 'requests for approval',
    held: (id) => sql`from approvals where tenant_id = ${id} and octet_length(sealed_request) > 0`,
    async erase(em, id) {
      await rows(
        em,
      )`update approvals set sealed_request = '', sealed_reason = '', summary = '' where tenant_id = ${id}`;
      await rows(em)`
        update approval_decisions set sealed_note = null
        where approval_id in (select id from approvals where tenant_id = ${id})`;
    },
  },
  {
    what: 'support accesses',
    held: (id) => sql`from support_accesses where tenant_id = ${id} and octet_length(sealed_reason) > 0`,
    erase: (em, id) =>
      rows(em)`update support_accesses set sealed_reason = '', sealed_acting_as = null where tenant_id = ${id}`,
  },
  {
    what: 'tasks',
    held: (id) => sql`from tasks where tenant_id = ${id} and (note is not null or what_is_left <> '[]')`,
    erase: (em, id) =>
      rows(em)`update tasks set note = null, what_is_left = '[]' where tenant_id = ${id} and state = 'done'`,
  },
  {
    what: 'reasons of legal holds',
    held: (id) => sql`from legal_holds where tenant_id = ${id} and sealed_reason is not null`,
    erase: (em, id) => rows(em)`update legal_holds set sealed_reason = null where tenant_id = ${id}`,
  },
  ...lifeStores,
  {
    what: 'links to its exports',
    held: (id) => sql`
      from export_links where revoked_at is null and export_id in (select id from tenant_exports where tenant_id = ${id})`,
    async erase(em, id) {
      // How often it was fetched is told by the certificate, which is asked for later.
      await rows(em)`
        update export_links set revoked_at = coalesce(revoked_at, clock_timestamp())
        where export_id in (select id from tenant_exports where tenant_id = ${id})`;
    },
  },
  {
    what: 'its own row: name, labels, administrator',
    held: (id) => sql`from tenants where id = ${id} and (name <> ${nameOfErased} or admin_sealed is not null)`,
    erase: (em, id) => rows(em)`
      update tenants set name = ${nameOfErased}, search_text = ${nameOfErased.toLowerCase()}, external_id = null, labels = '{}', admin_sealed = null,
        version = version + 1, updated_at = now()
      where id = ${id}`,
  },
];

export const countRegistry = async (em: Sql, tenantId: string): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const { what, held } of registryStores) {
    const [row] = await rows<{ count: number }>(em)`select count(*)::int as count ${held(tenantId)}`;
    counts[what] = row?.count ?? 0;
  }
  return counts;
};

/** In the transaction in which the tenant becomes `erased`. */
export async function eraseRegistry(em: Sql, tenantId: string): Promise<void> {
  for (const { erase } of registryStores) await erase(em, tenantId);
}

/** How much there was, by store and what, as it is kept between an erasure's beginning and its certificate. */
export type Counts = Record<string, Record<string, number>>;

export const comparedCounts = (before: Counts, after: Counts): ErasedCount[] =>
  Object.entries(before).flatMap(([store, held]) =>
    Object.entries(held).map(([what, count]) => ({ store, what, before: count, after: after[store]?.[what] ?? 0 })),
  );
