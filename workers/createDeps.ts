import type { Deps } from '#activities/deps.ts';
import type { Client } from '@temporalio/client';
import type { Configuration } from '#domain/configuration.ts';
import { ConfigurationError } from '#domain/configuration.ts';
import { openPlace } from '#domain/places/openPlace.ts';
import type { Platform } from '#domain/platform.ts';
import { writeTag } from '#domain/resources/tags.ts';
import { Ledger } from '#domain/runs/ledger.ts';
import { countRun, countStep } from '#observability/metrics.ts';
import { migrate } from '#migrations/setUp.ts';
import { databaseProvider } from '#providers/database/databaseProvider.ts';
import { manualBilling } from '#providers/billing/manualBilling.ts';
import { stripeBilling } from '#providers/billing/stripeBilling.ts';
import { DrillRooms } from '#providers/database/drill/rooms.ts';
import { Placement } from '#providers/database/placement.ts';
import { StoreConnections } from '#providers/database/stores/storeConnections.ts';
import { dnsTxtResolver } from '#providers/dns/txtResolver.ts';
import { tenantFleet } from '#providers/database/tenantFleet.ts';
import { mailSender } from '#providers/mail/mailSender.ts';
import { licenseProvider } from '#providers/license/licenseProvider.ts';
import type { Provider } from '#providers/provider.ts';
import { DatabaseServers } from '#providers/replication/servers.ts';
import { builtinRealm } from '#providers/realm/builtinRealm.ts';
import { openPhysical } from './physical/openPhysical.ts';
import { filesystemStorage } from '#providers/storage/filesystemStorage.ts';
import { executionIsOpen, startRun } from '#temporal/startRun.ts';

/** A data store belongs to no tenant and was made by no run. */
const nobody = '00000000-0000-0000-0000-000000000000';

export interface WorkerDeps extends Deps {
  placement: Placement;
  /** All that leads to data stores: they move together. */
  storeConnections: StoreConnections[];
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
    licenseProvider({ registry, installation, keys: tenantKeys }),
  ];
  return {
    ...platform,
    ledger: new Ledger(registry, announcer, {
      observer: { runEnded: countRun, stepEnded: countStep },
      circuitThreshold: configuration.circuitThreshold,
    }),
    providers: Object.fromEntries(providers.map((provider) => [provider.kind, provider])),
    txt: dnsTxtResolver(configuration.dns),
    fleet: tenantFleet({ connections, migrationsDir: configuration.tenantMigrationsDir }),
    mail: mailSender({
      smtpUrl: configuration.smtpUrl,
      from: configuration.mailFrom,
      outboxDir: configuration.outboxDir,
    }),
    billing: billingOf(configuration),
    place: openPlace(configuration),
    backupPlace: openPlace(configuration.backups),
    physical: openPhysical(platform),
    migrateRegistry: async (url) => void (await migrate({ migratorUrl: url })),
    drillRooms: new DrillRooms({ connections, provisionerUrl: provisionerUrlOf(configuration), keyring }),
    startRun: (runId) => startRun(platform, client, runId),
    executionIsOpen: (workflowId) => executionIsOpen(client, workflowId),
    placement,
    storeConnections: reading === connections ? [connections] : [connections, reading],
    servers: DatabaseServers.in(configuration.servers.file),
    closeStores: async () => {
      await connections.close();
      if (reading !== connections) await reading.close();
    },
  };
}

function billingOf({ billing: { stripe } }: Configuration): Deps['billing'] {
  const { secretKey, apiUrl } = stripe;
  return { manual: manualBilling(), ...(secretKey === null ? {} : { stripe: stripeBilling({ secretKey, apiUrl }) }) };
}

function provisionerUrlOf({ provisionerDatabaseUrl }: Configuration): string {
  if (provisionerDatabaseUrl) return provisionerDatabaseUrl;
  throw new ConfigurationError(['TENANTRY_PROVISIONER_DATABASE_URL is missing (the worker needs it)']);
}
