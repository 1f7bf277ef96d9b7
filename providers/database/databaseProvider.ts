import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { DomainError } from '#contracts/errors.ts';
import type { Registry } from '#domain/database.ts';
import { enterToEnsure, markDestroyed, markDestroying, markPresent } from '#domain/resources/fences.ts';
import { schemaNameOf } from '#domain/resources/names.ts';
import { readTag, writeTag } from '#domain/resources/tags.ts';
import type { Keyring } from '#domain/secrets/keyring.ts';
import { recallSecret, rememberSecret } from '#domain/secrets/resourceSecrets.ts';
import type { TenantKeys } from '#domain/secrets/tenantKeys.ts';
import type { Provider, ResourceSpec } from '../provider.ts';
import { discard } from './discard.ts';
import { listOwned, witnessesIn } from './listOwned.ts';
import { groupRoleOf } from './openStore.ts';
import type { Placement } from './placement.ts';
import type { StoreConnections } from './stores.ts';
import { mendOwners, mendRights, mendRole, mendSchemaRights } from './mendSchema.ts';
import { ReferenceShapes } from './referenceShape.ts';
import {
  dropSchemaAndRole,
  executeOnClient,
  joinGroup,
  roleTag,
  schemaTag,
  setAccess,
  settleRole,
  settleSchema,
  type Tagged,
} from './schema.ts';
import { readShape } from './shape.ts';
import {
  applyTenantMigrations,
  keepMigrationsList,
  readTenantMigrations,
  type TenantMigration,
} from './tenantMigrations.ts';
import { verifyRole } from './verifyRole.ts';
import { verifySchema } from './verifySchema.ts';

const fences = 'tenantry.fences';

export interface DatabaseProviderOptions {
  registry: Registry;
  keyring: Keyring;
  keys: TenantKeys;
  connections: StoreConnections;
  /** What looks and never changes: the reader's connections where there is such a role. */
  reading: StoreConnections;
  placement: Placement;
  migrationsDir: string;
  /** May read every tenant's tables (backup, drift), or null when there is no such role. */
  readerRole: string | null;
}

/** Own schema and login role in a data store, with the tenant migrations. Everything that it makes, it makes in one transaction. */
export function databaseProvider(options: DatabaseProviderOptions): Provider {
  const { registry, keyring, keys, connections, reading, placement, migrationsDir, readerRole } = options;
  const references = new ReferenceShapes(connections, readerRole);
  const secretOf = ({ tenantId, resourceId }: { tenantId: string; resourceId: string }) => ({
    tenantId,
    resourceId,
    name: 'password',
  });

  /** Ours, made for this very resource; an error when it is someone else's. */
  const isOurs = (tag: string | null, spec: Pick<ResourceSpec, 'installationId' | 'resourceId'>): boolean => {
    const owner = readTag(keyring, tag);
    return owner?.installationId === spec.installationId && owner.resourceId === spec.resourceId;
  };
  const foreign = (name: string) =>
    new DomainError('resource_conflict', `A schema or role named ${name} is there already and does not carry our tag.`);

  return {
    kind: 'database',

    async plan(spec) {
      const name = schemaNameOf(spec.tenantId);
      const store = (await placement.find(spec.resourceId)) ?? (await placement.candidate(spec.region));
      if (!store)
        return { action: 'create', reason: `A new data store is opened, and in it the schema and role ${name}.` };
      return connections.transaction(store.databaseName, async (client) => {
        await client.query('set transaction read only');
        const schema = await schemaTag(client, name);
        const role = await roleTag(client, name);
        if (!schema && !role)
          return { action: 'create', reason: `Schema and role ${name} in data store ${store.ordinal}.` };
        const ours = [schema, role].every((found) => !found || isOurs(found.tag, spec));
        if (!ours) return { action: 'conflict', reason: foreign(name).publicMessage };
        return schema && role
          ? { action: 'unchanged', reason: `Schema and role ${name} are there and carry our tag.` }
          : { action: 'adopt', reason: `Part of ${name} is there and carries our tag; the rest is made.` };
      });
    },

    async ensure(spec) {
      const store = await placement.place(spec.resourceId, spec.region);
      const name = schemaNameOf(spec.tenantId);
      const migrations = await readTenantMigrations(migrationsDir);
      const password = await rememberSecret(registry.em.fork(), keys, secretOf(spec), () =>
        randomBytes(24).toString('base64url'),
      );
      const tag = writeTag(keyring, spec);
      const group = groupRoleOf(store.databaseName);
      const wasComplete = await connections.transaction(store.databaseName, async (client) => {
        const execute = executeOnClient(client);
        const { isPresent } = await enterToEnsure(execute, fences, spec);
        const [role, schema] = [await roleTag(client, name), await schemaTag(client, name)];
        // What has lost its tag is ours all the same when the fence says that we completed it; another tag is somebody else's.
        const mayBeSettled = (found: Tagged) => isOurs(found.tag, spec) || (isPresent && found.tag === null);
        if (role && !mayBeSettled(role)) throw foreign(name);
        if (schema && !mayBeSettled(schema)) throw foreign(name);
        if (isPresent && schema) await mendOwners(client, name);
        await settleRole(client, {
          name,
          password,
          tag,
          database: store.databaseName,
          tagged: role && role.tag !== null,
        });
        await settleSchema(client, { name, tag, readerRole, tagged: schema && schema.tag !== null });
        await setAccess(client, name, spec.access);
        await applyTenantMigrations(client, name, migrations);
        await keepMigrationsList(client, name);
        await markPresent(execute, fences, spec);
        await joinGroup(client, name, group);
        return isPresent;
      });
      if (wasComplete) {
        const reference = await references.of(store.databaseName, migrations);
        await connections.transaction(store.databaseName, async (client) => {
          await mendRole(client, name);
          await mendSchemaRights(client, name, readerRole);
          await mendRights(client, name, await readShape(client, name), reference);
        });
      }
      return {
        externalId: `${store.databaseName}/${name}`,
        values: { database: store.databaseName, schema: name, role: name },
      };
    },

    async prove(spec) {
      const store = await placement.find(spec.resourceId);
      const password = await recallSecret(registry.em.fork(), keys, secretOf(spec));
      const name = schemaNameOf(spec.tenantId);
      if (!store || !password) throw new DomainError('check_failed', 'The tenant has no database to connect to.');
      const { host, port } = connections;
      const client = new pg.Client({
        host,
        port: Number(port),
        database: store.databaseName,
        user: name,
        password,
        connectionTimeoutMillis: 5_000,
      });
      client.on('error', () => undefined); // its session may be ended between two statements
      try {
        await client.connect();
        const { rows } = await client.query<{ schema: string; foreign: string }>(
          `
          select current_schema() as schema,
            (select count(*) from pg_namespace where nspname like 't\\_%' and nspname <> $1
               and has_schema_privilege(oid, 'usage')) as foreign`,
          [name],
        );
        if (rows[0]?.schema !== name)
          throw new DomainError('check_failed', "The tenant's role does not land in its own schema.");
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
    },

    async verify(spec) {
      const store = await placement.find(spec.resourceId);
      const name = schemaNameOf(spec.tenantId);
      if (!store)
        return [{ what: 'data store', expected: 'one is chosen', found: 'none', repair: 'remake', isWhole: true }];
      const migrations = await readTenantMigrations(migrationsDir);
      const expected = {
        name,
        isOurs: (tag: string | null) => isOurs(tag, spec),
        owner: connections.provisioner,
        group: groupRoleOf(store.databaseName),
        access: spec.access,
        readerRole,
        migrations,
        shapeOf: (applied: TenantMigration[]) => references.of(store.databaseName, applied),
      };
      return reading.transaction(store.databaseName, async (client) => {
        await client.query('set transaction read only');
        return [...(await verifyRole(client, expected)), ...(await verifySchema(client, expected))];
      });
    },

    async destroy(ref) {
      const store = await placement.find(ref.resourceId);
      if (!store) return; // never placed; the registry refuses a late placement
      const name = schemaNameOf(ref.tenantId);
      await connections.transaction(store.databaseName, (client) =>
        markDestroying(executeOnClient(client), fences, ref),
      );
      await dropSchemaAndRole(connections, store.databaseName, name, {
        isOurs: (tag) => isOurs(tag, ref),
        whileFenced: async (client) => {
          await client.query(`select 1 from ${fences} where resource_id = $1 for update`, [ref.resourceId]);
        },
        whenGone: (client) => markDestroyed(executeOnClient(client), fences, ref),
      });
    },

    list: (cursor) => listOwned({ connections, placement, keyring }, cursor),
    witnesses: () => witnessesIn({ connections, placement, keyring }),
    async discard(found, { runId, epoch }) {
      const resourceId = found.resourceId ?? '';
      const { id: installationId } = placement.installation;
      await discard(connections, found, {
        isOurs: (tag) => isOurs(tag, { installationId, resourceId }),
        holder: { resourceId, runId, epoch },
      });
    },
  };
}
