import { DomainError } from '#contracts/errors.ts';
import type { TenantMigrationView } from '#contracts/fleet/migrations.ts';
import type { Sql } from '../database.ts';
import { json, rows } from '../sql.ts';

/** The tenant migrations that the workers have, as the registry was told. */
export interface Catalogue {
  migrations: TenantMigrationView[];
  digest: string;
  problem: string | null;
  readAt: string | null;
}

const unread: Catalogue = { migrations: [], digest: '', problem: null, readAt: null };

export async function readCatalogue(em: Sql): Promise<Catalogue> {
  const [row] = await rows<Catalogue>(em)`
    select migrations, digest, problem, read_at as "readAt" from migration_catalogue`;
  return row ?? unread;
}

/**
 * Tells the registry what a worker's folder holds, or why it is refused. A folder that is only older than what is known (a worker
 * of the last release that still runs) says nothing new. Returns whether it did.
 */
export async function publishCatalogue(
  em: Sql,
  found: { migrations: TenantMigrationView[]; digest: string } | { problem: string },
): Promise<boolean> {
  const known = await readCatalogue(em);
  if ('problem' in found) {
    const told = await rows(em)`
      insert into migration_catalogue (digest, problem) values ('', ${found.problem})
      on conflict (only_one) do update set problem = excluded.problem, read_at = now()
      where migration_catalogue.problem is distinct from excluded.problem returning digest`;
    return told.length > 0;
  }
  const isOlder =
    found.migrations.length < known.migrations.length &&
    found.migrations.every(({ checksum }, at) => known.migrations[at]?.checksum === checksum);
  if (isOlder) return false;
  const problem = await editedAfterRelease(em, found.migrations);
  const told = await rows(em)`
    insert into migration_catalogue (migrations, digest, problem) values (${json(found.migrations)}::jsonb, ${found.digest}, ${problem})
    on conflict (only_one) do update
      set migrations = excluded.migrations, digest = excluded.digest, problem = excluded.problem, read_at = now()
      where (migration_catalogue.digest, migration_catalogue.problem) is distinct from (excluded.digest, excluded.problem)
    returning digest`;
  return told.length > 0;
}

/** What went out once stays as it was: null, or a sentence that names the file. */
async function editedAfterRelease(em: Sql, migrations: TenantMigrationView[]): Promise<string | null> {
  const released = await rows<{ number: number; name: string; checksum: string }>(em)`
    select number, name, checksum from released_migrations order by number`;
  for (const { number, name, checksum } of released) {
    const now = migrations[number - 1];
    if (!now) return `The tenant migration ${name} was released and is missing now.`;
    if (now.checksum !== checksum)
      return `The tenant migration ${now.name} was edited after it was released. Bring the file back as it was, and write what changes into a new one.`;
  }
  return null;
}

/** From now on these are never edited. Refuses (`migrations_refused`) when one of them was released otherwise. */
export async function releaseMigrations(
  em: Sql,
  migrations: { number: number; name: string; checksum: string }[],
): Promise<void> {
  await rows(em)`
    insert into released_migrations (number, name, checksum)
    select number, name, checksum from jsonb_to_recordset(${json(migrations)}::jsonb) as m (number integer, name text, checksum text)
    on conflict (number) do nothing`;
  const [edited] = await rows<{ name: string }>(em)`
    select m.name from jsonb_to_recordset(${json(migrations)}::jsonb) as m (number integer, name text, checksum text)
    join released_migrations r on r.number = m.number where r.checksum <> m.checksum order by m.number limit 1`;
  if (edited)
    throw new DomainError(
      'migrations_refused',
      `The tenant migration ${edited.name} was edited after it was released.`,
    );
}

/** The newest version that a fleet's run has been asked to bring: no tenant may be born below it. */
export async function releasedVersion(em: Sql): Promise<number> {
  const [row] = await rows<{ version: number | null }>(em)`select max(number) as version from released_migrations`;
  return row?.version ?? 0;
}
