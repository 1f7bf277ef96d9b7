import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import type { Configuration } from '#domain/configuration.ts';
import type { Platform } from '#domain/platform.ts';
import { tracingClientInterceptors } from '#observability/temporalTracing.ts';
import { callInterceptors } from './closedConnection.ts';
import { SealedPayloads, type WithoutKey } from './payloadCodec.ts';

/** Given to the client, the worker and the bundler alike. */
export const failureConverterPath = fileURLToPath(new URL('./failureConverter.ts', import.meta.url));

export const dataConverterOf = (
  { installation, tenantKeys }: Pick<Platform, 'installation' | 'tenantKeys'>,
  withoutKey: WithoutKey = 'refuse',
): DataConverter => ({
  failureConverterPath,
  payloadCodecs: [new SealedPayloads(installation.keyring, tenantKeys, withoutKey)],
});

/** What client and worker connections are made with. */
export function connectionOptions({ temporal }: Configuration) {
  const { address, apiKey, tls } = temporal;
  const certificate = tls?.cert && tls.key ? { clientCertPair: { crt: tls.cert, key: tls.key } } : {};
  const root = tls?.ca ? { serverRootCACertificate: tls.ca } : {};
  return { address, ...(apiKey ? { apiKey } : {}), ...(tls ? { tls: { ...root, ...certificate } } : {}) };
}

export interface TemporalClient {
  client: Client;
  close(): Promise<void>;
}

/** Does not wait for the server: an API that starts while Temporal is away serves everything that needs no workflow. */
export function openTemporalClient(platform: Platform): TemporalClient {
  const { configuration } = platform;
  const connection = Connection.lazy({
    ...connectionOptions(configuration),
    connectTimeout: '5s',
    interceptors: callInterceptors(),
  });
  const client = new Client({
    connection,
    namespace: configuration.temporal.namespace,
    dataConverter: dataConverterOf(platform),
    interceptors: { workflow: tracingClientInterceptors() },
  });
  return { client, close: () => connection.close() };
}
