import pg from 'pg';
import { schemaNameOf } from '#domain/resources/names.ts';
import { recallSecret } from '#domain/secrets/resourceSecrets.ts';
import type { TestInstallation } from './installation.ts';

/** Connects as the tenant's own role, the way its application would; to its store or to another database. */
export async function tenantLogin(
  installation: TestInstallation,
  tenantId: string,
): Promise<{ password: string; database: string; connect(database?: string): Promise<pg.Client> }> {
  const [resource] = await installation.asAdmin<{ id: string; observed: { database: string } }>(
    null,
    `select id, observed from resources where tenant_id = $1 and provider = 'database'`,
    [tenantId],
  );
  if (!resource) throw new Error(`tenant ${tenantId} has no database`);
  const password = await recallSecret(installation.em, installation.platform.tenantKeys, {
    tenantId,
    resourceId: resource.id,
    name: 'password',
  });
  if (password === null) throw new Error(`tenant ${tenantId} has no password`);
  const { database } = resource.observed;
  return {
    password,
    database,
    async connect(other = database) {
      const url = new URL(installation.adminUrl);
      url.username = schemaNameOf(tenantId);
      url.password = encodeURIComponent(password);
      url.pathname = `/${other}`;
      const client = new pg.Client({ connectionString: url.toString() });
      client.on('error', () => undefined); // its session may be ended by a removal
      await client.connect();
      return client;
    },
  };
}
