import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { DomainError } from '#contracts/errors.ts';
import type { Registry } from '#domain/database.ts';
import { noteVersions } from '#domain/fleet/versions.ts';
import { enterToEnsure, markDestroyed, markDestroying, markPresent } from '#domain/resources/fences.ts';
import { loginRolesOf, schemaNameOf } from '#domain/resources/names.ts';
import { readTag, writeTag } from '#domain/resources/tags.ts';
import type { Keyring } from '#domain/secrets/keyring.ts';
import { accessOf, wasRotated, workingCredentials } from '#domain/secrets/credentials.ts';
import { recallSecret, rememberSecret } from '#domain/secrets/resourceSecrets.ts';
import type { TenantKeys } from '#domain/secrets/tenantKeys.ts';
import type { Provider, ResourceSpec } from '../provider.ts';
import { refuseOlderThanFleet } from './migrations/refuseOlderThanFleet.ts';
import { holdWrites } from './backup/holdWrites.ts';
import { snapshotTables } from './backup/snapshotTables.ts';
import { discard } from './discard.ts';
import { listOwned, witnessesIn } from './listOwned.ts';
import { closeLogins, settleLogins, type Passwords, type Slot } from './logins.ts';
import { ensureMaker, groupRoleOf, makerRoleOf } from './stores/openStore.ts';
import type { Placement } from './placement.ts';
import type { StoreConnections } from './stores/storeConnections.ts';
import { mendOwners, mendRights, mendRole, mendSchemaRights } from './mendSchema.ts';
import { ReferenceShapes } from './referenceShape.ts';
import {
  dropSchemaAndRole,
  executeOnClient,
  joinGroup,
  roleTag,
  schemaTag,
  settleSchema,
  type Tagged,
} from './schema.ts';
import { endSessionsOf } from './sessions.ts';
import { loadSample, readSample } from './sampleData.ts';
import { databaseRestorer } from './restore/databaseRestorer.ts';
import { readShape } from './shape.ts';
import { measureSchema, exportSchema } from './exporting/exportSchema.ts';
import {
  applyTenantMigrations,
  keepMigrationsList,
  readTenantMigrations,
  type TenantMigration,
} from './tenantMigrations.ts';
import { tryLogin } from './tryLogin.ts';
import { verifyLogins } from './verifyRole.ts';
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
  const kind = 'database';

  /** What the registry says of the pair now. A secret that is not there yet is made, unless somebody else was quicker. */
  const passwordsOf = async ({ tenantId, resourceId }: Pick<ResourceSpec, 'tenantId' | 'resourceId'>) => {
    const em = registry.em.fork();
    const passwords: Passwords = { first: null, second: null };
    for (const { slot, secretName: name } of await workingCredentials(em, kind, resourceId))
      passwords[slot as Slot] = await rememberSecret(em, keys, { tenantId, resourceId, name }, newPassword);
    return passwords;
  };

  /** Ours, made for this very resource; an error when it is someone else's. */
  const isOurs = (tag: string | null, spec: Pick<ResourceSpec, 'installationId' | 'resourceId'>): boolean => {
    const owner = readTag(keyring, tag);
    return owner?.installationId === spec.installationId && owner.resourceId === spec.resourceId;
  };
  const foreign = (name: string) =>
    new DomainError('resource_conflict', `A schema or role named ${name} is there already and does not carry our tag.`);

  const settle = async (
    client: pg.ClientBase,
    database: string,
    spec: ResourceSpec,
    mayBeSettled: (found: Tagged) => boolean,
  ) => {
    await ensureMaker(connections, database); // stores that were opened by an older version have none yet
    await settleLogins(client, {
      schema: schemaNameOf(spec.tenantId),
      database,
      maker: makerRoleOf(database),
      tag: writeTag(keyring, spec),
      // Asked for while the fence is held: what a late attempt was told before may be over.
      access: await accessOf(registry.em.fork(), spec.resourceId),
      passwords: await passwordsOf(spec),
      mayBeSettled,
      refuse: foreign,
    });
  };

  return {
    kind,
    reopen: ({ resourceId }) => placement.reopen(resourceId),

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
      await passwordsOf(spec); // made before the fence is held, not while
      await refuseOlderThanFleet(registry.em.fork(), migrations.length);
      const tag = writeTag(keyring, spec);
      const [group, maker] = [groupRoleOf(store.databaseName), makerRoleOf(store.databaseName)];
      const wasComplete = await connections.transaction(store.databaseName, async (client) => {
        const execute = executeOnClient(client);
        const { isPresent } = await enterToEnsure(execute, fences, spec);
        const schema = await schemaTag(client, name);
        // What has lost its tag is ours all the same when the fence says that we completed it; another tag is somebody else's.
        const mayBeSettled = (found: Tagged) => isOurs(found.tag, spec) || (isPresent && found.tag === null);
        if (schema && !mayBeSettled(schema)) throw foreign(name);
        if (isPresent && schema) await mendOwners(client, name);
        await settle(client, store.databaseName, spec, mayBeSettled);
        await settleSchema(client, { name, tag, readerRole, tagged: schema && schema.tag !== null });
        await applyTenantMigrations(client, name, migrations);
        await keepMigrationsList(client, name);
        await markPresent(execute, fences, spec);
        await joinGroup(client, name, { group, maker });
        return isPresent;
      });
      await noteVersions(registry.em.fork(), [{ tenantId: spec.tenantId, version: migrations.length }]);
      if (wasComplete) {
        const reference = await references.of(store.databaseName, migrations);
        await connections.transaction(store.databaseName, async (client) => {
          for (const role of loginRolesOf(name)) await mendRole(client, role);
          await mendSchemaRights(client, name, readerRole);
          await mendRights(client, name, await readShape(client, name), reference);
        });
        await endSessionsOf(connections, store.databaseName, loginRolesOf(name)); // of those that log in no more
      }
      return {
        externalId: `${store.databaseName}/${name}`,
        values: { database: store.databaseName, schema: name, role: name },
      };
    },

    async settleAccess(spec) {
      const store = await placement.find(spec.resourceId);
      if (!store) return; // never placed, so nobody ever logged in
      const name = schemaNameOf(spec.tenantId);
      const mayBeSettled = ({ tag }: Tagged) => tag === null || isOurs(tag, spec);
      await connections.transaction(store.databaseName, async (client) => {
        await enterToEnsure(executeOnClient(client), fences, spec);
        if ((await accessOf(registry.em.fork(), spec.resourceId)) === 'suspended')
          await closeLogins(client, { schema: name, mayBeSettled, refuse: foreign });
        else await settle(client, store.databaseName, spec, mayBeSettled);
      });
      await endSessionsOf(connections, store.databaseName, loginRolesOf(name));
    },

    async settleCredentials(spec) {
      const store = await placement.find(spec.resourceId);
      if (!store) throw new DomainError('check_failed', 'The tenant has no database.');
      await connections.transaction(store.databaseName, async (client) => {
        await enterToEnsure(executeOnClient(client), fences, spec);
        await settle(client, store.databaseName, spec, ({ tag }) => tag === null || isOurs(tag, spec));
        await markPresent(executeOnClient(client), fences, spec);
      });
      await endSessionsOf(connections, store.databaseName, loginRolesOf(schemaNameOf(spec.tenantId)));
    },

    async prove(spec) {
      const store = await placement.find(spec.resourceId);
      const schema = schemaNameOf(spec.tenantId);
      const [first, second] = loginRolesOf(schema);
      const em = registry.em.fork();
      for (const { slot, secretName: secret } of await workingCredentials(em, kind, spec.resourceId)) {
        const password = await recallSecret(em, keys, { ...spec, name: secret });
        if (!store || !password) throw new DomainError('check_failed', 'The tenant has no database to connect to.');
        const role = slot === 'first' ? first : second;
        await tryLogin(connections, { database: store.databaseName, schema, role, password });
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
        maker: makerRoleOf(store.databaseName),
        group: groupRoleOf(store.databaseName),
        access: spec.access,
        logins: (await workingCredentials(registry.em.fork(), kind, spec.resourceId)).map(({ slot }) => slot as Slot),
        hasSecond: await wasRotated(registry.em.fork(), spec.resourceId),
        readerRole,
        migrations,
        shapeOf: (applied: TenantMigration[]) => references.of(store.databaseName, applied),
      };
      return reading.transaction(store.databaseName, async (client) => {
        await client.query('set transaction read only');
        return [...(await verifyLogins(client, expected)), ...(await verifySchema(client, expected))];
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

    async *export(ref, signal) {
      const store = await placement.find(ref.resourceId);
      if (store) yield* exportSchema(connections, store.databaseName, schemaNameOf(ref.tenantId), signal);
    },

    async *snapshot(ref, signal) {
      const store = await placement.find(ref.resourceId);
      if (store) yield* snapshotTables(connections, store.databaseName, schemaNameOf(ref.tenantId), signal);
    },

    async holdWrites(ref, signal) {
      const store = await placement.find(ref.resourceId);
      return store ? holdWrites(connections, store.databaseName, schemaNameOf(ref.tenantId), signal) : async () => {};
    },

    restore: databaseRestorer(options, isOurs),

    async measure(ref) {
      const store = await placement.find(ref.resourceId);
      if (!store) return { schemas: 0, roles: 0, tables: 0, rows: 0 };
      return measureSchema(connections, store.databaseName, schemaNameOf(ref.tenantId));
    },

    async loadSample(spec) {
      const sample = await readSample(migrationsDir);
      const store = sample === null ? null : await placement.find(spec.resourceId);
      if (sample !== null && store) await loadSample(connections, store.databaseName, spec, sample);
      return sample !== null && store !== null;
    },

    list: (cursor) => listOwned({ connections, placement, keyring }, cursor),
    witnesses: () => witnessesIn({ connections, placement, keyring }),
    async discard(found, { runId, epoch }) {
      const [resourceId, installationId] = [found.resourceId ?? '', placement.installation.id];
      await discard(connections, found, {
        isOurs: (tag) => isOurs(tag, { installationId, resourceId }),
        holder: { resourceId, runId, epoch },
      });
    },
  };
}

const newPassword = (): string => randomBytes(24).toString('base64url');
