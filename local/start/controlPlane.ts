import { mkdir } from 'node:fs/promises';
import { openRegistry } from '#domain/database.ts';
import { createLogger } from '#observability/logging.ts';
import { startMetricsServer } from '#observability/metrics.ts';
import { tracing } from '#observability/tracing.ts';
import { buildPages } from '../buildPages.ts';
import { buildWorkflows } from '../buildWorkflows.ts';
import { checkExistingDatabase } from './existingDatabase.ts';
import { settleOwner } from './firstOwner.ts';
import { claimFolder } from './folderClaim.ts';
import { dataDir as dataDirOf } from '../paths.ts';
import { portFrom } from '../ports.ts';
import { progress, SetupError } from '../progress.ts';
import { physicalEnvironment, wantsPhysical } from './physicalEnvironment.ts';
import { settleSampleLicensing } from './sampleLicensing.ts';
import { keepRolePasswords, writeEnvironment } from './secrets.ts';
import { startServers } from '../servers.ts';
import { settleTogether } from '../settleTogether.ts';
import { checkEnvironment, readOrRefuse, settleAddress, settleMasterKey, withoutEmpty } from './startConfiguration.ts';
import type { Address, MasterKeyPlace } from './startConfiguration.ts';
import type { StartedParts } from './startedParts.ts';
import { prepareTemporal } from '../temporalSetUp.ts';

export interface ControlPlane {
  address: string;
  dataDir: string;
  uiUrl: string | null;
  metricsUrl: string | null;
  masterKey: MasterKeyPlace;
  /** Where the first owner sets a password; null when there is an owner. */
  setupLink: string | null;
}

/** Everything of `npm start` in this process, on servers that are started, adopted, or named in the environment. */
export async function startControlPlane(
  parts: StartedParts,
  given: NodeJS.ProcessEnv = process.env,
): Promise<ControlPlane> {
  checkEnvironment(given);
  const dataDir = dataDirOf(given);
  await makeDataDir(dataDir);
  parts.dataDir = dataDir;
  parts.claim = await claimFolder(dataDir);
  const place = await settleAddress(given);
  await parts.claim.tell('starting', place.publicUrl);

  const code = Promise.all([import('#api/server.ts'), import('#workers/worker.ts'), import('#migrations/setUp.ts')]);
  code.catch(() => {}); // reported where it is awaited
  const [servers, bundle, pages, masterKey, passwords] = await settleTogether([
    parts.startingServers(startOwnServers(dataDir, place, given)),
    given.TENANTRY_WORKFLOW_BUNDLE || buildWorkflows(),
    given.TENANTRY_WEB_BUILD || buildPages(),
    settleMasterKey(dataDir, given),
    keepRolePasswords(dataDir),
    given.DATABASE_URL ? checkExistingDatabase(given.DATABASE_URL) : undefined,
  ]);
  const [{ startApi }, { startWorker }, { migrate, setUpDatabase }] = await code;

  const urls = await setUpDatabase({ adminUrl: servers.adminUrl, passwords });
  const environment = {
    TENANTRY_DATA_DIR: dataDir,
    TENANTRY_HOST: place.host,
    TENANTRY_PORT: String(place.port),
    TENANTRY_PUBLIC_URL: place.publicUrl,
    TENANTRY_APP_DATABASE_URL: urls.appUrl,
    TENANTRY_PROVISIONER_DATABASE_URL: urls.provisionerUrl,
    TENANTRY_READER_DATABASE_URL: urls.readerUrl,
    TENANTRY_WORKFLOW_BUNDLE: bundle,
    TENANTRY_WEB_BUILD: pages,
    TEMPORAL_ADDRESS: servers.temporalAddress,
    ...(servers.uiUrl ? { TEMPORAL_UI_URL: servers.uiUrl } : {}),
    ...(await physicalEnvironment(dataDir, servers.adminUrl, given)),
    ...(masterKey.file ? { TENANTRY_MASTER_KEY_FILE: masterKey.file } : {}),
  };
  const configuration = readOrRefuse({
    TENANTRY_LOG_LEVEL: 'warn', // a terminal is for people; a log that is collected asks for more
    ...withoutEmpty(given),
    ...environment,
    TENANTRY_METRICS_PORT: String(place.metricsPort),
  });
  const { connectionOptions } = await import('#temporal/connection.ts');
  await settleTogether([
    migrate({ migratorUrl: urls.migratorUrl }),
    prepareTemporal({ ...connectionOptions(configuration), namespace: configuration.temporal.namespace }),
    writeEnvironment(dataDir, environment),
  ]);
  const setupToken = await withRegistry(urls.appUrl, async (em) => {
    await settleSampleLicensing(em);
    return settleOwner(em, given);
  });
  const logger = createLogger('start', { level: configuration.logLevel });
  await progress('API and worker', () =>
    settleTogether([
      startApi(configuration, { logger }).then((api) => (parts.api = api)),
      startWorker(configuration, { logger }).then((worker) => (parts.worker = worker)),
      place.metricsPort && startMetricsServer(place.metricsPort).then((metrics) => parts.besides.push(metrics)),
    ]),
  );
  parts.besides.push({ stop: async () => tracing()?.stop() });
  await parts.claim.tell('running', configuration.publicUrl);

  return {
    address: configuration.publicUrl,
    dataDir,
    uiUrl: servers.uiUrl,
    metricsUrl: place.metricsPort ? `http://127.0.0.1:${place.metricsPort}/metrics` : null,
    masterKey,
    setupLink: setupToken ? `${configuration.publicUrl}/setup#${setupToken}` : null,
  };
}

async function makeDataDir(dataDir: string): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 }).catch((cause: Error) => {
    throw new SetupError(`The data folder cannot be made (TENANTRY_DATA_DIR chooses another): ${cause.message}`, {
      cause,
    });
  });
}

/** Beside Tenantry's own port, so that two installations on one machine stay apart without being told. */
const startOwnServers = (dataDir: string, { port, publicUrl }: Address, given: NodeJS.ProcessEnv) =>
  startServers({
    dataDir,
    publicUrl,
    env: given,
    archives: wantsPhysical(given),
    ports: {
      chosen: {
        postgres: portFrom(given, 'TENANTRY_POSTGRES_PORT'),
        temporal: portFrom(given, 'TENANTRY_TEMPORAL_PORT'),
        temporalUi: portFrom(given, 'TENANTRY_TEMPORAL_UI_PORT'),
      },
      usual: { postgres: port + 32, temporal: port + 33, temporalUi: port + 34 },
    },
    existing: {
      adminUrl: given.DATABASE_URL,
      temporalAddress: given.TEMPORAL_ADDRESS,
      uiUrl: given.TEMPORAL_UI_URL,
    },
  });

type Registry = Awaited<ReturnType<typeof openRegistry>>;

/** A connection for what is asked before the API and the worker have theirs. */
export async function withRegistry<T>(url: string, use: (em: Registry['em']) => Promise<T>): Promise<T> {
  const registry = await openRegistry(url, { poolSize: 1 });
  try {
    return await use(registry.em.fork());
  } finally {
    await registry.close(true);
  }
}
