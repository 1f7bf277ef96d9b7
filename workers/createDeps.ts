import type { Deps } from '#activities/deps.ts';
import type { Client } from '@temporalio/client';
import type { Configuration } from '#domain/configuration.ts';
import { ConfigurationError } from '#domain/configuration.ts';
import type { Platform } from '#domain/platform.ts';
import { writeTag } from '#domain/resources/tags.ts';
import { Ledger } from '#domain/runs/ledger.ts';
import { countRun, countStep } from '#observability/metrics.ts';
import { databaseProvider } from '#providers/database/databaseProvider.ts';
import { Placement } from '#providers/database/placement.ts';
import { StoreConnections } from '#providers/database/stores.ts';
import { mailSender } from '#providers/mail/mailSender.ts';
import type { Provider } from '#providers/provider.ts';
import { builtinRealm } from '#providers/realm/builtinRealm.ts';
import { filesystemStorage } from '#providers/storage/filesystemStorage.ts';
import { startRun } from '#temporal/startRun.ts';

/** A data store belongs to no tenant and was made by no run. */
const nobody = '00000000-0000-0000-0000-000000000000';

export interface WorkerDeps extends Deps {
  placement: Placement;
  closeStores(): Promise<void>;
}

/** Puts the real providers together, as the configuration chooses them. */
export function createDeps(platform: Platform, client: Client): WorkerDeps {
  const { configuration, registry, installation, tenantKeys, announcer } = platform;
  const connections = new StoreConnections(provisionerUrlOf(configuration));
  const reading = configuration.readerDatabaseUrl ? new StoreConnections(configuration.readerDatabaseUrl) : connections;
  const readerRole = configuration.readerDatabaseUrl
    ? decodeURIComponent(new URL(configuration.readerDatabaseUrl).username)
    : null;
  const placement = new Placement(registry, connections, {
    installationId: installation.id,
    maxTenants: configuration.storeMaxTenants,
    readerRole,
    tagOf: (resourceId) =>
      writeTag(installation.keyring, { installationId: installation.id, tenantId: nobody, resourceId, runId: nobody }),
  });
  const { keyring } = installation;
  const providers: Provider[] = [
    databaseProvider({
      registry,
      keyring,
      keys: tenantKeys,
      connections,
      reading,
      placement,
      migrationsDir: configuration.tenantMigrationsDir,
      readerRole,
    }),
    builtinRealm({ registry, keyring, keys: tenantKeys, publicUrl: configuration.publicUrl }),
    filesystemStorage({ registry, keyring, root: configuration.storageDir }),
  ];
  return {
    ...platform,
    ledger: new Ledger(registry, announcer, {
      observer: { runEnded: countRun, stepEnded: countStep },
      circuitThreshold: configuration.circuitThreshold,
    }),
    providers: Object.fromEntries(providers.map((provider) => [provider.kind, provider])),
    mail: mailSender({
      smtpUrl: configuration.smtpUrl,
      from: configuration.mailFrom,
      outboxDir: configuration.outboxDir,
    }),
    startRun: (runId) => startRun(platform, client, runId),
    placement,
    closeStores: async () => {
      await connections.close();
      if (reading !== connections) await reading.close();
    },
  };
}

function provisionerUrlOf({ provisionerDatabaseUrl }: Configuration): string {
  if (provisionerDatabaseUrl) return provisionerDatabaseUrl;
  throw new ConfigurationError(['TENANTRY_PROVISIONER_DATABASE_URL is missing (the worker needs it)']);
}
