import { DomainError } from '#contracts/errors.ts';
import type { Manifest } from '#contracts/tenants.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { Resource } from '../resources/resourceRecord.ts';
import { isoOf } from '../isoOf.ts';
import { secondRoleOf } from '../resources/names.ts';
import { workingCredentials } from '../secrets/credentials.ts';
import { recallSecret } from '../secrets/resourceSecrets.ts';
import type { TenantKeys } from '../secrets/tenantKeys.ts';
import { rows } from '../sql.ts';

/** What of a resource's secrets people may be shown. A realm's signing key is not among them: nobody needs it but the realm. */
const revealable: Record<string, readonly string[]> = { database: ['password'] };

/** Where a tenant's things are; secrets are named, not told. Refuses with `not_found`. */
export async function findManifest(em: Sql, tenantId: string): Promise<Manifest> {
  return manifestOf(em, tenantId, async () => null);
}

/**
 * The same with secrets. Each time is an event, written before anything is told.
 * Refuses with `not_found`.
 */
export async function revealManifest(em: Sql, keys: TenantKeys, tenantId: string, actor: Actor): Promise<Manifest> {
  await keys.find(tenantId); // before the transaction, which would want a second connection while holding one
  return em.transactional(async (tx) => {
    const [tenant] = await rows(tx)`select 1 from tenants where id = ${tenantId} for update`;
    if (!tenant) throw noSuchTenant();
    const manifest = await manifestOf(tx, tenantId, (resourceId, name) =>
      recallSecret(tx, keys, { tenantId, resourceId, name }),
    );
    const kinds = manifest.resources.map(({ kind }) => kind).filter((kind) => revealable[kind]);
    await appendEvent(
      tx,
      { stream: `tenant:${tenantId}`, type: 'tenant.secrets_revealed', tenantId, data: { kinds } },
      actor,
    );
    return { ...manifest, revealed: true };
  });
}

async function manifestOf(
  em: Sql,
  tenantId: string,
  secretOf: (resourceId: string, name: string) => Promise<string | null>,
): Promise<Manifest> {
  const [tenant] = await rows(em)`select 1 from tenants where id = ${tenantId}`;
  if (!tenant) throw noSuchTenant();
  const resources = await em.find(Resource, { tenantId, state: 'present' }, { orderBy: { position: 'asc' } });
  const described: Manifest['resources'] = [];
  for (const { id, kind, provider, observed, storeId } of resources) {
    const values: Record<string, string | null> = storeId ? await whereaboutsOf(em, storeId) : {};
    for (const [name, value] of Object.entries(observed ?? {}))
      if (typeof value === 'string' || typeof value === 'number') values[name] = String(value);
    const rotated = kind === 'database' ? await rotatedLogin(em, id, values['schema'] ?? '') : null;
    Object.assign(values, rotated?.values);
    for (const name of revealable[kind] ?? []) values[name] = await secretOf(id, rotated?.secretName ?? name);
    described.push({ kind, provider, values });
  }
  return { tenantId, revealed: false, resources: described };
}

/** By which role and secret the database is used now, and until when the ones before still work. */
async function rotatedLogin(em: Sql, resourceId: string, schema: string) {
  const working = await workingCredentials(em, 'database', resourceId);
  const current = working.find(({ state }) => state === 'current');
  const ending = working.find(({ state }) => state === 'ending');
  const roleOf = ({ slot }: { slot: string }) => (slot === 'first' ? schema : secondRoleOf(schema));
  return {
    secretName: current?.secretName,
    values: {
      ...(current && schema ? { role: roleOf(current) } : {}),
      ...(ending?.endsAt ? { previousRole: roleOf(ending), previousRoleEndsAt: isoOf(ending.endsAt) } : {}),
    },
  };
}

/** A store's server is asked for each time: it may have moved since the tenant was placed. */
async function whereaboutsOf(em: Sql, storeId: string): Promise<Record<string, string | null>> {
  const [store] = await rows<{ host: string | null; port: string | null }>(em)`
    select host, port::text from data_stores where id = ${storeId}`;
  return store ? { ...store } : {};
}

const noSuchTenant = (): DomainError => new DomainError('not_found', 'There is no such tenant.');
