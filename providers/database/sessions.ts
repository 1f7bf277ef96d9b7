import pg from 'pg';
import { ProviderError } from '../provider.ts';
import type { StoreConnections } from './stores/storeConnections.ts';

const ident = pg.escapeIdentifier;

const quietWithinMs = 10_000;
/** A login that was let in just before is seen by then. */
const looksAgainMs = 50;

/**
 * Ends the sessions of roles that may log in no more, until twice in a row there is none. Their maker administers them and does not have
 * their rights (PostgreSQL 16), which ending a session asks for: it has them meanwhile.
 */
export async function endSessionsOf(
  connections: StoreConnections,
  database: string,
  roles: readonly string[],
): Promise<number> {
  const there = await connections.transaction(database, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select rolname as name from pg_roles where rolname = any($1) and not rolcanlogin`,
      [roles],
    );
    for (const { name } of rows) await client.query(`grant ${ident(name)} to current_user with inherit true, set true`);
    return rows.map(({ name }) => name);
  });
  if (there.length === 0) return 0;
  const ended = await untilQuiet(connections, database, there);
  await connections.transaction(database, async (client) => {
    for (const name of there) await client.query(`revoke ${ident(name)} from current_user`);
  });
  return ended;
}

/** @returns how many there were */
export async function untilQuiet(
  connections: StoreConnections,
  database: string,
  roles: readonly string[],
): Promise<number> {
  const deadline = Date.now() + quietWithinMs;
  const ended = new Set<number>();
  for (let quiet = 0; quiet < 2;) {
    const { rows } = await connections.pool(database).query<{ pid: number }>(
      // Only while they may log in no more: a late attempt must not end what was opened again since.
      `select pid, pg_terminate_backend(pid) from pg_stat_activity
         where usename in (select rolname from pg_roles where rolname = any($1::name[]) and not rolcanlogin)`,
      [roles],
    );
    for (const { pid } of rows) ended.add(pid);
    quiet = rows.length === 0 ? quiet + 1 : 0;
    if (quiet < 2) await new Promise((resume) => setTimeout(resume, quiet === 0 ? 25 : looksAgainMs));
    if (Date.now() > deadline)
      throw new ProviderError('PostgreSQL', `The sessions of role ${roles.join(' and ')} do not end.`);
  }
  return ended.size;
}
