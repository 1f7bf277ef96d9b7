import { readTag } from '#domain/resources/tags.ts';
import type { Keyring } from '#domain/secrets/keyring.ts';
import type { Owned } from '../provider.ts';
import type { Placement } from './placement.ts';
import type { StoreConnections } from './stores.ts';

const pageSize = 500;

/**
 * Schemas that carry our tag, store by store, then roles that do: a role without its schema is an orphan too. The cursor is
 * `<store ordinal>/<last name>`, with `roles` in place of the ordinal at the end.
 */
export async function listOwned(
  { connections, placement, keyring }: { connections: StoreConnections; placement: Placement; keyring: Keyring },
  cursor: string | null,
): Promise<{ items: Owned[]; nextCursor: string | null }> {
  const stores = await placement.all();
  const [place = '', after = ''] = cursor?.split('/') ?? [stores[0] ? String(stores[0].ordinal) : 'roles', ''];
  const store = stores.find(({ ordinal }) => String(ordinal) === place);
  const pool = connections.pool(store?.databaseName ?? connections.homeDatabase);
  const { rows } = store
    ? await pool.query<{ name: string; tag: string | null }>(
        `select nspname as name, obj_description(oid, 'pg_namespace') as tag from pg_namespace
         where nspname like 't\\_%' and nspname > $1 order by nspname limit $2`,
        [after, pageSize],
      )
    : await pool.query<{ name: string; tag: string | null }>(
        `select rolname as name, shobj_description(oid, 'pg_authid') as tag from pg_roles
         where rolname like 't\\_%' and rolname > $1 order by rolname limit $2`,
        [after, pageSize],
      );
  const items = rows.flatMap(({ name, tag }) => {
    const ownership = readTag(keyring, tag);
    return ownership ? [{ externalId: store ? `${store.databaseName}/${name}` : name, ownership }] : [];
  });
  if (rows.length === pageSize) return { items, nextCursor: `${place}/${rows.at(-1)?.name}` };
  if (!store) return { items, nextCursor: null };
  const next = stores[stores.indexOf(store) + 1];
  return { items, nextCursor: `${next?.ordinal ?? 'roles'}/` };
}
