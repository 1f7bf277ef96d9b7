import pg from 'pg';
import { inSchema } from '../catalogue.ts';
import type { StoreConnections } from '../stores/storeConnections.ts';

const ident = pg.escapeIdentifier;
/** Who writes in one transaction for longer than this is not waited for: everybody else would wait too. */
const lockTimeoutMs = 3_000;

/**
 * Holds all writes to the tables of a schema until it is released; those under way end first, and who reads is not held. Should this process die, its
 * connection does, and so the hold. Throws PostgreSQL's 55P03 when a transaction does not end.
 */
export async function holdWrites(
  connections: StoreConnections,
  database: string,
  schema: string,
  signal: AbortSignal,
): Promise<() => Promise<void>> {
  const client = await connections.alone(database);
  const release = () => client.end().catch(() => undefined);
  signal.addEventListener('abort', () => void release(), { once: true });
  try {
    const { rows } = await client.query<{ name: string }>(
      `select relname as name from pg_class where oid = ${inSchema('pg_class')} and relkind in ('r', 'p') order by relname`,
      [schema],
    );
    await client.query(`begin; set local lock_timeout = ${lockTimeoutMs}`);
    const tables = rows.map(({ name }) => `only ${ident(schema)}.${ident(name)}`);
    if (tables.length > 0) await client.query(`lock table ${tables.join(', ')} in share mode`);
    return release;
  } catch (error) {
    await release();
    throw error;
  }
}
