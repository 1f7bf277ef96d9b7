import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Configuration } from '#domain/configuration.ts';
import { LicenseLookup } from '#domain/licenses/using/licenseLookup.ts';
import { platformRealm } from '#domain/people/realm.ts';
import { openPlatform, type Platform } from '#domain/platform.ts';
import { createLogger, type Logger } from '#observability/logging.ts';
import { openTemporalClient } from '#temporal/connection.ts';
import { fileSeconds } from './http/files.ts';
import { Access } from './access/access.ts';
import { buildApplication } from './application.ts';
import type { ApiContext } from './context.ts';
import { ownOrigins } from './http/crossOrigin.ts';
import { openPages } from './pages.ts';
import { refusePlainHttp } from './http/plainHttp.ts';
import { RateLimits } from './http/rateLimits.ts';
import { Refusals } from './refusals/refusals.ts';
import { Doors } from './portals/doors.ts';
import { Readiness } from './readiness.ts';
import { RunWatch } from './runWatch.ts';
import { ApiKeys } from './signIn/apiKeys.ts';
import { AttemptLimits } from './signIn/attemptLimits.ts';
import { passwordCheck } from './signIn/checkPassword.ts';
import { cookiesOf } from './signIn/cookies.ts';
import { Sessions } from './signIn/sessions.ts';
import { WorkflowDesk } from './workflowDesk.ts';

const poolSize = 20;
const drainMs = 10_000;

export interface RunningApi {
  /** Where it listens, which is not always where the public reaches it. */
  url: string;
  /** Writes the refusals that are merely counted so far. */
  settleRefusals(): Promise<void>;
  /** Takes no new connections, ends event streams, lets requests finish for ten seconds, then closes everything. */
  stop(): Promise<void>;
}

/** Serves API and pages until stopped. Throws a clear error when the port is taken or plain HTTP would leave this machine. */
export async function startApi(
  configuration: Configuration,
  { logger = createLogger('api', { level: configuration.logLevel }) }: { logger?: Logger } = {},
): Promise<RunningApi> {
  refusePlainHttp(configuration);
  const server = createServer({ headersTimeout: 15_000, requestTimeout: fileSeconds * 1000, keepAliveTimeout: 65_000 });
  const starting = (_request: IncomingMessage, response: ServerResponse) =>
    void response.writeHead(503, { 'Retry-After': '1' }).end();
  server.on('request', starting);
  const port = await listen(server, configuration);
  const host = configuration.host.includes(':') ? `[${configuration.host}]` : configuration.host;
  const url = `http://${host}:${port}`;
  try {
    const settled = { ...configuration, publicUrl: configuration.publicUrl.replace(/:0$/, `:${port}`) };
    const platform = await openPlatform(settled, { poolSize });
    return await serve({ server, platform, logger, url, port });
  } catch (error) {
    server.close();
    server.closeAllConnections();
    throw error;
  }
}

async function serve(on: {
  server: Server;
  platform: Platform;
  logger: Logger;
  url: string;
  port: number;
}): Promise<RunningApi> {
  const { server, platform, logger, url, port } = on;
  const { publicUrl, webBuild } = platform.configuration;
  const temporal = openTemporalClient(platform);
  const access = new Access(platform);
  const context: ApiContext = {
    platform,
    client: temporal.client,
    logger,
    access,
    apiKeys: new ApiKeys(platform, access),
    sessions: new Sessions(platform, access),
    attempts: new AttemptLimits(platform),
    relyingParty: { id: new URL(publicUrl).hostname, name: 'Tenantry', origins: [...ownOrigins(publicUrl, port)] },
    checkPassword: passwordCheck(platform),
    realm: platformRealm(platform),
    doors: new Doors(platform, access),
    limits: new RateLimits(platform.configuration.quotas),
    refusals: new Refusals(platform, logger),
    workflows: new WorkflowDesk(platform, temporal.client, logger),
    runWatch: new RunWatch(platform),
    licenseLookup: new LicenseLookup(platform.configuration.appDatabaseUrl),
    readiness: new Readiness(platform, temporal.client),
  };
  const close = async () => {
    context.access.stop();
    context.sessions.stop();
    context.apiKeys.stop();
    context.doors.stop();
    context.runWatch.stop();
    await context.licenseLookup.close();
    await context.workflows.stop();
    await context.refusals.stop();
    await temporal.close();
    await platform.close();
  };
  const stopping = new AbortController();
  try {
    const pages = webBuild ? await openPages(webBuild, url) : null;
    const mounting = {
      context,
      cookies: cookiesOf(publicUrl),
      ownOrigins: ownOrigins(publicUrl, port),
      codecOrigins: new Set(platform.configuration.codecOrigins),
      stopping: stopping.signal,
    };
    server.removeAllListeners('request').on('request', buildApplication(mounting, pages));
  } catch (error) {
    await close();
    throw error;
  }

  let stopped: Promise<void> | null = null;
  const stop = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    stopping.abort();
    const late = setTimeout(() => server.closeAllConnections(), drainMs).unref();
    const idle = setInterval(() => server.closeIdleConnections(), 100).unref();
    await closed;
    clearTimeout(late);
    clearInterval(idle);
    await close();
  };
  return { url, settleRefusals: () => context.refusals.flush(), stop: () => (stopped ??= stop()) };
}

/** Bound before anything is opened, so that a taken port is the first thing that is said. */
async function listen(server: Server, { host, port }: Configuration): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new PortTakenError(port, error) : error);
    });
    server.listen(port, host, resolve);
  });
  server.removeAllListeners('error');
  return (server.address() as AddressInfo).port;
}

/** Says which setting helps. */
export class PortTakenError extends Error {
  constructor(port: number, cause: Error) {
    super(`Port ${port} is taken by another process. Stop it, or choose another port by TENANTRY_PORT.`, { cause });
    this.name = 'PortTakenError';
  }
}
