import type pg from 'pg';
import { DomainError } from '#contracts/errors.ts';
import { schemaNameOf } from '#domain/resources/names.ts';
import { enterToEnsure, markPresent } from '#domain/resources/fences.ts';
import type { ResourceSpec, RestoreSource, Restored } from '../../provider.ts';
import { executeOnClient, schemaTag, type Tagged } from '../schema.ts';
import type { DataStore, StoreConnections } from '../stores/storeConnections.ts';
import type { TenantMigration } from '../tenantMigrations.ts';
import { heldSchemaOf } from './heldSchema.ts';
import { restoreChosen } from './restoreChosen.ts';
import type { MigratedSchemas } from './migratedSchema.ts';
import { restoreSchema } from './restoreSchema.ts';

const fences = 'tenantry.fences';

export interface DatabaseRestore {
  connections: StoreConnections;
  /** Null when the tenant was never placed. */
  store: DataStore | null;
  tag: string;
  readerRole: string | null;
  migrations: TenantMigration[];
  schemas: MigratedSchemas;
  isOurs(found: Tagged): boolean;
}

/** Everything in one transaction that holds the resource's fence: a process that dies leaves what was there before. */
export async function restoreDatabase(
  target: DatabaseRestore,
  spec: ResourceSpec,
  from: RestoreSource,
  signal: AbortSignal,
): Promise<Restored> {
  const { connections, store, migrations } = target;
  const schema = schemaNameOf(spec.tenantId);
  if (!store) throw new DomainError('restore_refused', 'The tenant has no database to restore into.');
  const { databaseName: database } = store;
  const held = heldSchemaOf(from.parts, migrations);
  const session = await connections.session(database);
  const { client, drop } = session;
  signal.addEventListener('abort', drop, { once: true });
  try {
    signal.throwIfAborted();
    await client.query('begin');
    const execute = executeOnClient(client);
    const { isPresent } = await enterToEnsure(execute, fences, spec);
    const found = await schemaTag(client, schema);
    if (!isPresent || !found || !target.isOurs(found))
      throw new DomainError('restore_refused', 'There is no schema of this tenant to restore into. It is made first.');
    const source = { open: from.open.bind(from), signal };
    const restored =
      from.only === null
        ? await restoreSchema(client, { ...target, name: schema }, held, source)
        : await restoreChosen(client, { name: schema, migrations }, held, { ...source, only: from.only });
    await markPresent(execute, fences, spec);
    signal.throwIfAborted();
    await client.query('commit');
    session.leave();
    return restored;
  } catch (error) {
    throw explained(error);
  } finally {
    signal.removeEventListener('abort', drop);
    drop();
  }
}

/** A restore that can never work is told so; a lock that somebody holds, a deadlock, a connection that is gone are tried again. */
function explained(error: unknown): unknown {
  const { code } = error as pg.DatabaseError;
  if (error instanceof DomainError || !/^(?:42|0A|2B|53100)/.test(code ?? '')) return error;
  if (code === '53100')
    return new DomainError('restore_refused', "The disk of the tenant's data store is full.", { cause: error });
  return new DomainError('restore_refused', `PostgreSQL refuses to make the schema again (${code}).`, { cause: error });
}
