import { randomUUID } from 'node:crypto';
import { schemaNameOf } from '#domain/resources/names.ts';
import { ensureMaker, groupRoleOf, makerRoleOf, openStore } from '#providers/database/stores/openStore.ts';
import { joinGroup, settleRole, settleSchema } from '#providers/database/schema.ts';
import { StoreConnections } from '#providers/database/stores/storeConnections.ts';
import { applyTenantMigrations, readTenantMigrations } from '#providers/database/tenantMigrations.ts';

const bareStoreName = () => `bench_bare_${randomUUID().slice(0, 8)}`;

/** What a figure of the product is held against. */
export interface Rival {
  run(): Promise<unknown>;
  stop(): Promise<void>;
}

/** The statements of the database step, and nothing of what makes it safe to repeat and to undo. */
export async function startBareSql(provisionerUrl: string, migrationsDir: string): Promise<Rival> {
  const bareStore = bareStoreName();
  const connections = new StoreConnections(provisionerUrl);
  await openStore(connections, bareStore, null);
  await ensureMaker(connections, bareStore);
  const maker = makerRoleOf(bareStore);
  const migrations = await readTenantMigrations(migrationsDir);
  return {
    run: () => {
      const name = schemaNameOf(randomUUID());
      return connections.transaction(bareStore, async (client) => {
        const role = { name, schema: name, password: name, tag: name, database: bareStore };
        await settleRole(client, { ...role, tagged: null, maker });
        await settleSchema(client, { name, tag: name, readerRole: null, tagged: null });
        await applyTenantMigrations(client, name, migrations);
        await joinGroup(client, name, { group: groupRoleOf(bareStore), maker });
      });
    },
    stop: () => connections.close(),
  };
}
