import { noteVersions } from '#domain/fleet/versions.ts';
import { writeTag } from '#domain/resources/tags.ts';
import type { Provider, ResourceSpec } from '../../provider.ts';
import type { DatabaseProviderOptions } from '../databaseProvider.ts';
import { refuseOlderThanFleet } from '../migrations/refuseOlderThanFleet.ts';
import { readTenantMigrations } from '../tenantMigrations.ts';
import { MigratedSchemas } from './migratedSchema.ts';
import { restoreDatabase } from './restoreDatabase.ts';

/** The provider's `restore`, which remembers what schemas look like between tenants. */
export function databaseRestorer(
  { registry, keyring, connections, placement, migrationsDir, readerRole }: DatabaseProviderOptions,
  isOurs: (tag: string | null, spec: ResourceSpec) => boolean,
): Provider['restore'] {
  const schemas = new MigratedSchemas();
  return async (spec, from, signal) => {
    const store = await placement.find(spec.resourceId);
    const migrations = await readTenantMigrations(migrationsDir);
    await refuseOlderThanFleet(registry.em.fork(), migrations.length);
    const target = {
      ...{ connections, store, tag: writeTag(keyring, spec), readerRole, migrations, schemas },
      isOurs: ({ tag }: { tag: string | null }) => tag === null || isOurs(tag, spec),
    };
    const restored = await restoreDatabase(target, spec, from, signal);
    await noteVersions(registry.em.fork(), [{ tenantId: spec.tenantId, version: migrations.length }]);
    return restored;
  };
}
