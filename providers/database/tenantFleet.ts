import type { TenantMigrationView } from '#contracts/fleet/migrations.ts';
import { DomainError } from '#contracts/errors.ts';
import type { SchemaOfTenant } from '#domain/fleet/versions.ts';
import { schemaNameOf } from '#domain/resources/names.ts';
import { readApplied, type TenantSchema } from './migrations/applied.ts';
import {
  digestOf,
  readTenantMigrations,
  refuseTransactionsIn,
  type TenantMigration,
} from './migrations/migrationFile.ts';
import { migrateTenants, type Migrated, type MigrationOrder } from './migrations/migrateTenants.ts';
import type { StoreConnections } from './stores/storeConnections.ts';

const looksAtOnce = 4;

/** The schemas of all tenants, wherever they are, and the folder of migrations that they are to have. */
export interface TenantFleet {
  /** Refuses (`migration_failed`) a folder that is not fit to be applied. */
  read(): Promise<TenantMigration[]>;
  migrate(
    order: Omit<MigrationOrder, 'tenants'> & { tenants: (SchemaOfTenant & { version: number | null })[] },
  ): Promise<{ done: Migrated[]; outage: unknown }>;
  /** Where schemas stand by their own lists; those that are gone, or cannot be looked at, are left out. */
  look(schemas: SchemaOfTenant[]): Promise<{ tenantId: string; version: number }[]>;
}

export const tenantFleet = ({
  connections,
  migrationsDir,
}: {
  connections: StoreConnections;
  migrationsDir: string;
}): TenantFleet => ({
  async read() {
    const migrations = await readTenantMigrations(migrationsDir);
    migrations.forEach(refuseTransactionsIn);
    return migrations;
  },

  migrate: (order) => migrateTenants(connections, { ...order, tenants: order.tenants.map(withSchema) }),

  async look(schemas) {
    const ahead = schemas.map(withSchema);
    const seen: { tenantId: string; version: number }[] = [];
    const lane = async () => {
      for (let tenant = ahead.shift(); tenant; tenant = ahead.shift()) {
        const found = await lookAt(connections, tenant);
        if (found !== null) seen.push({ tenantId: tenant.tenantId, version: found });
      }
    };
    await Promise.all(Array.from({ length: looksAtOnce }, lane));
    return seen;
  },
});

const withSchema = <Given extends SchemaOfTenant>(tenant: Given): Given & TenantSchema => ({
  ...tenant,
  schema: schemaNameOf(tenant.tenantId),
});

async function lookAt(connections: StoreConnections, tenant: TenantSchema): Promise<number | null> {
  try {
    return await connections.lend(tenant.database, async (client) => {
      const found = await readApplied(client, tenant);
      return found.is === 'gone' ? null : found.applied.length;
    });
  } catch (error) {
    if (error instanceof DomainError) return null;
    throw error;
  }
}

/** What the registry is told of a folder. */
export const catalogueOf = (migrations: TenantMigration[]): { migrations: TenantMigrationView[]; digest: string } => ({
  digest: digestOf(migrations),
  migrations: migrations.map(({ number, name, checksum, lockTimeoutMs, statementTimeoutMs, indexChanges }) => ({
    ...{ number, name, checksum, lockTimeoutMs, statementTimeoutMs },
    inTransaction: indexChanges === null,
  })),
});
