import pg from 'pg';
import { DomainError } from '#contracts/errors.ts';
import type { StoreConnections } from './stores/storeConnections.ts';

/** Connects by one login of a tenant, the way its application would. Throws `check_failed`. */
export async function tryLogin(
  { host, port }: StoreConnections,
  login: { database: string; schema: string; role: string; password: string },
): Promise<void> {
  const client = new pg.Client({
    host,
    port: Number(port),
    database: login.database,
    user: login.role,
    password: login.password,
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => undefined); // its session may be ended between two statements
  try {
    await client.connect();
    const { rows } = await client.query<{ schema: string; actsAs: string; foreign: string }>(
      `
      select current_schema() as schema, current_user as "actsAs",
        (select count(*) from pg_namespace where nspname like 't\\_%' and nspname <> $1
           and has_schema_privilege(oid, 'usage')) as foreign`,
      [login.schema],
    );
    if (rows[0]?.schema !== login.schema)
      throw new DomainError('check_failed', "The tenant's role does not land in its own schema.");
    if (rows[0].actsAs !== login.schema)
      throw new DomainError('check_failed', "The tenant's second role does not act as its first.");
    if (rows[0].foreign !== '0')
      throw new DomainError('check_failed', "The tenant's role may look into a foreign schema.");
    await client.query(`select count(*) from schema_migrations`);
  } catch (error) {
    if (error instanceof DomainError) throw error;
    const { code, message } = error as pg.DatabaseError;
    if (code?.startsWith('28') || code === '42501')
      throw new DomainError('check_failed', `The tenant's role cannot use its database: ${message}.`, {
        cause: error,
      });
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}
