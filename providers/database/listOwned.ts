import { readTag } from '#domain/resources/tags.ts';
import type { Keyring } from '#domain/secrets/keyring.ts';
import type { Owned } from '../provider.ts';
import type { Placement } from './placement.ts';
import type { StoreConnections } from './stores/storeConnections.ts';

const pageSize = 500;

/** After the databases come the roles and the data stores themselves. */
const servers = '*';

export interface Listing {
  connections: StoreConnections;
  placement: Placement;
  keyring: Keyring;
}

/**
 * Schemas that carry our tag, store by store, also in stores that the registry does not know; then roles that do (a role without its schema
 * is an orphan too), then those stores. The cursor is `<database>/<last name>`.
 */
export async function listOwned(
  listing: Listing,
  cursor: string | null,
): Promise<{ items: Owned[]; nextCursor: string | null }> {
  const { connections, keyring } = listing;
  const unknown = await unknownStores(listing);
  const places = [
    ...(await listing.placement.all()).map(({ databaseName }) => databaseName),
    ...unknown.map(({ name }) => name),
    servers,
  ];
  const [place = '', after = ''] = cursor?.split('/') ?? [places[0] ?? servers, ''];
  const isStore = place !== servers;
  const { rows } = await connections.pool(isStore ? place : connections.homeDatabase).query<Tagged>(
    isStore
      ? `select nspname as name, obj_description(oid, 'pg_namespace') as tag from pg_namespace
         where nspname like 't\\_%' and nspname > $1 order by nspname limit $2`
      : `select rolname as name, shobj_description(oid, 'pg_authid') as tag from pg_roles
         where rolname like 't\\_%' and rolname > $1 order by rolname limit $2`,
    [after, pageSize],
  );
  const own = (found: Tagged[], what: string, prefix = ''): Owned[] =>
    found.flatMap(({ name, tag }) => {
      const ownership = readTag(keyring, tag);
      return ownership ? [{ externalId: `${prefix}${name}`, what, ownership }] : [];
    });
  const items = isStore ? own(rows, 'Schema', `${place}/`) : own(rows, 'Login role');
  if (rows.length === pageSize) return { items, nextCursor: `${place}/${rows.at(-1)?.name}` };
  if (!isStore) return { items: [...items, ...own(unknown, 'Data store')], nextCursor: null };
  return { items, nextCursor: `${places[places.indexOf(place) + 1] ?? servers}/` };
}

interface Tagged {
  name: string;
  tag: string | null;
}

/** Databases with our tag that the registry does not list: it was restored, or lost them in another way. */
async function unknownStores({ connections, placement, keyring }: Listing): Promise<Tagged[]> {
  const known = new Set(await placement.names());
  const { rows } = await connections
    .pool(connections.homeDatabase)
    .query<Tagged>(
      `select datname as name, shobj_description(oid, 'pg_database') as tag from pg_database where datname like 'tenantry\\_%' order by 1`,
    );
  return rows.filter(({ name, tag }) => !known.has(name) && readTag(keyring, tag) !== null);
}

/** The runs that left their mark in the fences, which stay when everything else of a tenant is gone. */
export async function witnessesIn({ connections, placement }: Listing): Promise<{ runId: string; at: string }[]> {
  const all: { runId: string; at: string }[] = [];
  for (const { databaseName } of await placement.all()) {
    const { rows } = await connections
      .pool(databaseName)
      .query<{ runId: string; at: string }>(
        `select run_id as "runId", max(updated_at)::text as at from tenantry.fences group by run_id`,
      );
    all.push(...rows);
  }
  return all;
}
