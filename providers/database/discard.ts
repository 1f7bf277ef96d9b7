import pg from 'pg';
import { DomainError } from '#contracts/errors.ts';
import { markDestroyed, markDestroying } from '#domain/resources/fences.ts';
import type { Discarded } from '../provider.ts';
import { groupRoleOf, makerRoleOf } from './stores/openStore.ts';
import { dropSchemaAndRole, executeOnClient } from './schema.ts';
import type { StoreConnections } from './stores/storeConnections.ts';

const fences = 'tenantry.fences';

/**
 * Removes a schema, a login role or a data store of ours that the registry does not want. The tag is read in the transaction that drops, and
 * a late attempt to make it again meets the fence.
 */
export async function discard(
  connections: StoreConnections,
  { externalId, what }: Pick<Discarded, 'externalId' | 'what'>,
  {
    isOurs,
    holder,
  }: { isOurs(tag: string | null): boolean; holder: { resourceId: string; runId: string; epoch: number } },
): Promise<void> {
  if (what === 'Data store') return dropStore(connections, externalId, isOurs);
  const [database, name] = externalId.includes('/') ? externalId.split('/') : [connections.homeDatabase, externalId];
  if (!database || !name) throw new DomainError('resource_conflict', `${externalId} is not a name that we give.`);
  const isInStore = database !== connections.homeDatabase;
  if (isInStore)
    await connections.transaction(database, (client) => markDestroying(executeOnClient(client), fences, holder));
  await dropSchemaAndRole(connections, database, name, {
    isOurs,
    async whileFenced(client) {
      if (isInStore)
        await client.query(`select 1 from ${fences} where resource_id = $1 for update`, [holder.resourceId]);
    },
    async whenGone(client) {
      if (isInStore) await markDestroyed(executeOnClient(client), fences, holder);
    },
  });
}

/** Only an empty one: each schema in it is found, and approved, by itself. */
async function dropStore(
  connections: StoreConnections,
  name: string,
  isOurs: (tag: string | null) => boolean,
): Promise<void> {
  const home = connections.pool(connections.homeDatabase);
  const { rows } = await home.query<{ tag: string | null }>(
    `select shobj_description(oid, 'pg_database') as tag from pg_database where datname = $1`,
    [name],
  );
  if (!rows[0]) return;
  if (!isOurs(rows[0].tag)) throw new DomainError('resource_conflict', `The database ${name} does not carry our tag.`);
  const held = await connections.pool(name).query(`select 1 from pg_namespace where nspname like 't\\_%' limit 1`);
  if (held.rowCount)
    throw new DomainError('resource_conflict', `Schemas are in the data store ${name}: remove or accept them first.`);
  await connections.forget(name);
  await home.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
  for (const role of [groupRoleOf(name), makerRoleOf(name)])
    await home.query(`drop role if exists ${pg.escapeIdentifier(role)}`);
}
