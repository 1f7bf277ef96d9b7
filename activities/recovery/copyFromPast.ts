import { DomainError } from '#contracts/errors.ts';
import type { StepInput } from '#contracts/workflowInputs.ts';
import { signerOf } from '#domain/audit/signingKeys.ts';
import type { WrittenBackup } from '#domain/backups/format/writeBackup.ts';
import type { Copying } from '#domain/backups/runs/copying.ts';
import { openRegistry, type Registry } from '#domain/database.ts';
import { databaseProvider } from '#providers/database/databaseProvider.ts';
import { Placement } from '#providers/database/placement.ts';
import { StoreConnections } from '#providers/database/stores/storeConnections.ts';
import type { ScratchServer } from '#providers/physical/physicalBackup.ts';
import type { Provider } from '#providers/provider.ts';
import { builtinRealm } from '#providers/realm/builtinRealm.ts';
import { copyTenant } from '../backups/copyTenant.ts';
import { writeCardBeside } from '../backups/writeCopy.ts';
import type { Deps } from '../deps.ts';
import { specsOf } from '../tenant/resources.ts';

/**
 * Copies a tenant out of a server that was brought back, as a backup of that moment: what lay in the registry and in the data stores then. Objects in
 * the storage are in no server: the backup has none, and a restore of it leaves them as they are.
 *
 * @throws what {@link copyTenant} throws · `backup_empty` where the tenant was not there yet · `physical_elsewhere` where the registry or the tenant's
 * data store lies in another server than the one that is backed up
 */
export async function copyFromPast(
  deps: Deps,
  server: ScratchServer,
  input: StepInput,
  { backupId, lockedUntil, at }: Pick<Copying, 'backupId' | 'lockedUntil'> & { at: Date },
  signal: AbortSignal,
): Promise<WrittenBackup> {
  const { installation, tenantKeys, backupPlace: place } = deps;
  const { tenantId } = input;
  const connections = new StoreConnections(server.adminUrl);
  try {
    return await inRegistryOf(deps, server, connections, async (registry) => {
      const specs = await specsOf({ registry, installation }, input);
      const past = providersOf(deps, registry, connections);
      const sources = specs.flatMap((spec) => {
        const provider = past.providers.find(({ kind }) => kind === spec.provider);
        return provider ? [{ provider: asOf(provider, at), ref: spec }] : [];
      });
      if (sources.length === 0)
        throw new DomainError('backup_empty', 'At this moment the tenant had nothing yet, or was not there.');
      for (const { ref } of sources) {
        const store = await past.placement.find(ref.resourceId);
        if (store && !(await connections.hasDatabase(store.databaseName)))
          throw elsewhere("The tenant's data store lies in another server than the one that is backed up.");
      }
      const signer = await signerOf(deps.registry.em.fork(), installation);
      const target = { place, key: await tenantKeys.of(tenantId), tenantId, backupId };
      await writeCardBeside(deps, target, signer, signal);
      const head = { installationId: installation.id, ...(lockedUntil ? { lockedUntil } : {}) };
      return copyTenant(sources, target, head, { signer, signal });
    });
  } finally {
    await connections.close();
  }
}

/** The registry of then, in a server that is thrown away: an earlier version's is brought to today's shape there. */
async function inRegistryOf<Result>(
  { configuration, migrateRegistry }: Deps,
  server: ScratchServer,
  connections: StoreConnections,
  use: (registry: Registry) => Promise<Result>,
): Promise<Result> {
  const url = new URL(server.adminUrl);
  url.pathname = new URL(configuration.appDatabaseUrl).pathname;
  if (!(await connections.hasDatabase(url.pathname.slice(1))))
    throw elsewhere('The registry lies in another server than the one that is backed up, or was not there yet.');
  await migrateRegistry(url.toString());
  const registry = await openRegistry(url.toString(), { poolSize: 4 });
  try {
    return await use(registry);
  } finally {
    await registry.close(true);
  }
}

const elsewhere = (text: string): DomainError => new DomainError('physical_elsewhere', text);

function providersOf({ installation, tenantKeys, configuration }: Deps, registry: Registry, to: StoreConnections) {
  const { keyring } = installation;
  const placement = new Placement(registry, to, {
    ...{ installationId: installation.id, maxTenants: configuration.storeMaxTenants, readerRole: null },
    tagOf: () => {
      throw new Error('nothing is placed in the past');
    },
  });
  const { tenantMigrationsDir: migrationsDir, publicUrl } = configuration;
  const database = { connections: to, reading: to, placement, migrationsDir, readerRole: null };
  const providers: Provider[] = [
    databaseProvider({ registry, keyring, keys: tenantKeys, ...database }),
    builtinRealm({ registry, keyring, keys: tenantKeys, publicUrl }),
  ];
  return { placement, providers };
}

/** What it gives is of the moment that the server was brought to, not of now. */
const asOf = (provider: Provider, at: Date): Provider => ({
  ...provider,
  async *snapshot(...given) {
    for await (const part of provider.snapshot(...given)) yield { ...part, at };
  },
});
