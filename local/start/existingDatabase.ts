import pg from 'pg';
import { SetupError } from '../progress.ts';

const oldestServer = 15;

/** A wrong DATABASE_URL is the commonest mistake of a first start on an existing server: it gets a text of its own. */
export async function checkExistingDatabase(adminUrl: string): Promise<void> {
  const place = placeOf(adminUrl);
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 8000 });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ version: number; name: string; creates: boolean }>(
      `select current_setting('server_version_num')::int / 10000 as version, rolname as name,
         rolsuper or (rolcreaterole and rolcreatedb) as creates
       from pg_roles where rolname = current_user`,
    );
    const { version, name, creates } = rows[0]!;
    if (version < oldestServer)
      throw new SetupError(`PostgreSQL at ${place} is ${version}; Tenantry needs ${oldestServer} or newer.`);
    if (!creates) {
      throw new SetupError(
        `The role "${name}" of DATABASE_URL has to be able to create roles and databases (CREATEROLE, CREATEDB).`,
      );
    }
  } catch (error) {
    if (error instanceof SetupError) throw error;
    const { message, code } = error as Error & { code?: string };
    throw new SetupError(
      [
        `PostgreSQL at ${place} (DATABASE_URL) cannot be used: ${message || code}`,
        'Leave DATABASE_URL out to use the local server that npm start brings along.',
      ].join('\n'),
      { cause: error },
    );
  } finally {
    await client.end().catch(() => {});
  }
}

/** Host and port only: the rest of a database's address is secret. */
function placeOf(url: string): string {
  try {
    const { hostname, port } = new URL(url);
    return `${hostname}:${port || 5432}`;
  } catch {
    throw new SetupError('DATABASE_URL is no address like postgres://user:password@host:5432/postgres');
  }
}
