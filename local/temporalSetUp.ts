import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, ConnectionOptions } from '@temporalio/client';
import { searchAttributeNames } from '#temporal/searchAttributes.ts';
import { note, SetupError } from './progress.ts';

const keyword = 2; // temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
const retentionDays = 30;
const oldestServer = [1, 26] as const;
const visibleMs = 30_000;

const notFound = 5;
const alreadyExists = 6;
const refusals = new Set([7, 12, 16]); // PERMISSION_DENIED, UNIMPLEMENTED, UNAUTHENTICATED

const codeOf = (error: unknown): number | undefined => (error as { code?: number }).code;

export interface TemporalServer {
  address: string;
  namespace: string;
  apiKey?: string | undefined;
  tls?: ConnectionOptions['tls'];
}

/** Sees to it that the server can be reached, is new enough, and has the namespace and the search attributes. */
export async function prepareTemporal(server: TemporalServer): Promise<void> {
  const connection = await reach(server);
  try {
    await checkVersion(connection, server);
    await ensureNamespace(connection, server);
    await ensureSearchAttributes(connection, server);
  } finally {
    await connection.close();
  }
}

async function reach({ address, tls, apiKey }: TemporalServer): Promise<Connection> {
  const { Connection } = await import('@temporalio/client');
  try {
    return await Connection.connect({
      address,
      ...(tls ? { tls } : {}),
      ...(apiKey ? { apiKey } : {}),
      connectTimeout: 5000,
    });
  } catch (cause) {
    throw new SetupError(
      [
        `No Temporal server answers at ${address}: ${(cause as Error).message}`,
        'Check TEMPORAL_ADDRESS (host:port of the gRPC front end, usually 7233), TEMPORAL_TLS and TEMPORAL_API_KEY,',
        'or leave TEMPORAL_ADDRESS out to use the local server that npm start brings along.',
      ].join('\n'),
      { cause },
    );
  }
}

async function checkVersion(connection: Connection, { address }: TemporalServer): Promise<void> {
  const { serverVersion } = await connection.workflowService.getSystemInfo({});
  const [major = 0, minor = 0] = (serverVersion ?? '').split('.').map(Number);
  if (major > oldestServer[0] || (major === oldestServer[0] && minor >= oldestServer[1])) return;
  throw new SetupError(
    `The Temporal server at ${address} is ${serverVersion}; Tenantry needs ${oldestServer.join('.')} or newer.`,
  );
}

async function ensureNamespace(connection: Connection, { address, namespace }: TemporalServer): Promise<void> {
  try {
    await connection.workflowService.describeNamespace({ namespace });
    return;
  } catch (error) {
    if (codeOf(error) !== notFound) throw refused(error, `describe the namespace "${namespace}"`, []);
  }
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: Number(retentionDays * 86_400) as never },
    });
    note(`created the Temporal namespace "${namespace}"`);
  } catch (error) {
    if (codeOf(error) === alreadyExists) return;
    throw refused(error, `create the namespace "${namespace}"`, [
      `temporal operator namespace create --address ${address} --namespace ${namespace} --retention ${retentionDays}d`,
    ]);
  }
}

async function ensureSearchAttributes(connection: Connection, { address, namespace }: TemporalServer): Promise<void> {
  let missing = [...searchAttributeNames] as string[];
  const create = () =>
    missing.map(
      (name) =>
        `temporal operator search-attribute create --address ${address} --namespace ${namespace} --name ${name} --type Keyword`,
    );
  const look = async (): Promise<void> => {
    const { customAttributes = {} } = await connection.operatorService.listSearchAttributes({ namespace });
    const other = missing.find((name) => customAttributes[name] && customAttributes[name] !== keyword);
    if (other)
      throw new SetupError(`The search attribute ${other} of the Temporal namespace "${namespace}" is no Keyword.`);
    missing = missing.filter((name) => !customAttributes[name]);
  };
  const deadline = Date.now() + visibleMs;
  // A namespace that was created a moment ago is not known to every part of the server yet.
  for (let added = false; ; await sleep(200)) {
    try {
      await look();
      if (missing.length === 0) return;
      if (!added) {
        const wanted = Object.fromEntries(missing.map((name) => [name, keyword]));
        await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: wanted });
        note(`registered the search attributes ${missing.join(', ')}`);
        added = true;
      }
    } catch (error) {
      if (error instanceof SetupError) throw error;
      if (codeOf(error) === alreadyExists) added = true;
      else if (codeOf(error) !== notFound) throw refused(error, 'register search attributes', create());
    }
    if (Date.now() > deadline) {
      throw new SetupError(
        `Temporal does not show the search attributes ${missing.join(', ')} after ${visibleMs / 1000} s.`,
      );
    }
  }
}

function refused(error: unknown, what: string, commands: string[]): Error {
  if (!refusals.has(codeOf(error) ?? -1)) {
    return new SetupError(`Temporal could not ${what}: ${(error as Error).message}`, { cause: error });
  }
  return new SetupError(
    [
      `Temporal does not let Tenantry ${what} (${(error as Error).message}).`,
      ...(commands.length ? ['Somebody who may has to run:', ...commands.map((command) => `  ${command}`)] : []),
    ].join('\n'),
    { cause: error },
  );
}
