import { randomUUID } from 'node:crypto';
import { v7 as newId } from 'uuid';
import { theSystem } from '#domain/events/appendEvent.ts';
import { issueLicense } from '#domain/licenses/issueLicense.ts';
import { createPolicyVersion } from '#domain/licenses/policies/policyVersions.ts';
import { LicensePolicyDraft } from '#contracts/licenses/policies.ts';
import { sealWith } from '#domain/secrets/tenantKeys.ts';
import { rows } from '#domain/sql.ts';
import type { TestInstallation } from '#test/servers/installation.ts';

const batch = 2_000;

/**
 * Licences of as many tenants, each with a key of its own and an administrator, as rows: what issuing them would have written, without the
 * minutes that signing takes. All end at the same moment, and what is due of them is what their dates ask for.
 */
export async function plantLicenses(
  installation: TestInstallation,
  { count, endsInDays, rules = {} }: { count: number; endsInDays: number; rules?: object },
): Promise<{ name: string; version: number }> {
  const { em, platform } = installation;
  const policy = { name: `bench-${randomUUID().slice(0, 8)}`, version: 1 };
  const draft = LicensePolicyDraft.parse({ product: 'bench', term: { kind: 'term', period: 'P1Y' }, ...rules });
  await em.transactional((tx) =>
    createPolicyVersion(tx, { name: policy.name, baseVersion: 0, rules: draft }, theSystem),
  );
  let template: string | null = null;
  for (let planted = 0; planted < count; planted += batch) {
    const ids = Array.from({ length: Math.min(batch, count - planted) }, () => newId());
    await plantTenants(installation, ids);
    template ??= await em.transactional((tx) =>
      issueLicense(
        tx,
        platform,
        { tenantId: ids[0]!, wanted: { policy, trial: false, test: false }, now: new Date() },
        theSystem,
      ),
    );
    await em.transactional(async (tx) => {
      const licences = ids.map((tenant) => ({ id: newId(), tenant }));
      const licenceIds = licences.map(({ id }) => id);
      await rows(tx)`
        insert into licenses (id, tenant_id, product, plan, policy_name, policy_version, state, serial, kid, is_test, is_trial, anchor_at, terms,
                              starts_at, expires_at, over_at, issued_at, claims, signature)
        select p.id, p.tenant, t.product, t.plan, t.policy_name, t.policy_version, 'active', 1, t.kid, false, false, t.anchor_at, 1,
               now() - interval '300 days', now() + make_interval(days => ${endsInDays}::int), now() + make_interval(days => ${endsInDays}::int),
               t.issued_at, t.claims, t.signature
        from licenses t, unnest(${licenceIds}::uuid[], ${ids}::uuid[]) as p (id, tenant) where t.id = ${template}`;
      await rows(tx)`
        insert into license_dues (license_id, kind, days, due_at, ends_at)
        select license_id, kind, days, due_at, ends_at from license_wanted_dues where license_id = any(${licenceIds}::uuid[]) and due_at > now()`;
    });
  }
  await rows(em)`delete from license_dues where license_id = ${template}`;
  await installation.asAdmin(null, 'analyze license_dues, licenses, tenants');
  return policy;
}

async function plantTenants({ em, platform }: TestInstallation, ids: string[]): Promise<void> {
  const { keyring } = platform.installation;
  const tenants = ids.map((id) => {
    const keyId = randomUUID();
    const { key, wrapped } = keyring.newWrappedKey(keyId);
    const admin = JSON.stringify({ email: `admin-${id}@bench.example`, name: 'Ada' });
    return { id, keyId, wrapped, admin: sealWith({ id: keyId, key }, id, admin, 'admin') };
  });
  const column = <Value>(of: (tenant: (typeof tenants)[number]) => Value): Value[] => tenants.map(of);
  await em.transactional(async (tx) => {
    await rows(tx)`
      insert into tenants (id, name, search_text, plan, region, state, admin_sealed)
      select id, 'Planted ' || id, 'planted', 'standard', 'default', 'active', admin
      from unnest(${ids}::uuid[], ${column(({ admin }) => admin)}::bytea[]) as t (id, admin)`;
    await rows(tx)`
      insert into tenant_keys (id, tenant_id, wrapped)
      select * from unnest(${column(({ keyId }) => keyId)}::uuid[], ${ids}::uuid[], ${column(({ wrapped }) => wrapped)}::bytea[])`;
  });
}

/** As if so many days had gone by for all of them. */
export async function letDaysPass({ em }: TestInstallation, days: number): Promise<void> {
  await em.transactional(async (tx) => {
    await rows(tx)`set local statement_timeout = '5min'`;
    await rows(tx)`
      update licenses set starts_at = starts_at - make_interval(days => ${days}::int), expires_at = expires_at - make_interval(days => ${days}::int),
        over_at = over_at - make_interval(days => ${days}::int) where product = 'bench'`;
    await rows(tx)`
      update license_dues set due_at = due_at - make_interval(days => ${days}::int), ends_at = ends_at - make_interval(days => ${days}::int)`;
  });
}
