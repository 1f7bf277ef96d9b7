import type pg from 'pg';
import { schemaNameOf } from '#domain/resources/names.ts';
import type { ApiInstallation } from '../../api/apiInstallation.ts';
import { tenantLogin } from '../../servers/tenantLogin.ts';
import type { TestInstallation } from '../../servers/installation.ts';

/** The sessions that an application of the tenant has: one idle in its pool, one idle in a transaction, one that runs a statement. */
export interface Sessions {
  pooled: pg.Client;
  inTransaction: pg.Client;
  running: pg.Client;
  /** How the running statement ended. */
  ran: Promise<string>;
  /** Which of them still answer. */
  alive(): Promise<string[]>;
  end(): Promise<void>;
}

/** Opens them with the tenant's own login; leaves nobody waiting. */
export async function openSessions(installation: TestInstallation, tenantId: string): Promise<Sessions> {
  const login = await tenantLogin(installation, tenantId);
  const [pooled, inTransaction, running] = await Promise.all([login.connect(), login.connect(), login.connect()]);
  await pooled.query('select 1');
  await inTransaction.query('begin');
  await inTransaction.query(`select count(*) from schema_migrations`);
  const ran = running.query('select pg_sleep(60)').then(
    () => 'it ran to its end',
    (error: pg.DatabaseError) => error.code ?? 'its connection ended',
  );
  const all = { pooled, inTransaction, running };
  return {
    ...all,
    ran,
    async alive() {
      const found = await installation.asAdmin<{ pid: number }>(
        null,
        'select pid from pg_stat_activity where usename = $1 or usename = $2',
        [schemaNameOf(tenantId), `${schemaNameOf(tenantId)}_b`],
      );
      return found.map(({ pid }) => String(pid));
    },
    async end() {
      await Promise.all(Object.values(all).map((client) => client.end().catch(() => undefined)));
    },
  };
}

/** What each door of a tenant answers: `open`, or the code by which it refuses. */
export async function doorsOf(
  api: ApiInstallation,
  { tenantId, slug, key }: { tenantId: string; slug: string; key?: string },
  url = api.url,
): Promise<Record<string, string>> {
  const codeOf = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${url}${path}`, { headers, redirect: 'manual' });
    if (response.status === 200) return 'open';
    return ((await response.json()) as { code: string }).code;
  };
  const login = await tenantLogin(api.installation, tenantId);
  const database = await login.connect().then(
    async (client) => {
      await client.end();
      return 'open';
    },
    (error: pg.DatabaseError) => error.code ?? 'refused',
  );
  return {
    portal: await codeOf(`/api/v1/portals/${slug}`),
    session: await codeOf(`/api/v1/portals/${slug}/session`),
    issuer: await codeOf(`/t/${tenantId}/.well-known/openid-configuration`),
    keys: await codeOf(`/t/${tenantId}/.well-known/jwks.json`),
    ...(key ? { apiKey: await codeOf(`/api/v1/tenants/${tenantId}`, { authorization: `Bearer ${key}` }) } : {}),
    database,
  };
}
