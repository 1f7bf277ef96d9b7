import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createLogger } from '#observability/logging.ts';
import { installRuntime } from '#workers/worker.ts';
import type { ApiInstallation } from '../api/apiInstallation.ts';

/** What any worker of the SaaS team has: the codec's address and a token. Of our code it knows nothing. */
class RemoteCodec implements PayloadCodec {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  encode = (payloads: Payload[], context?: SerializationContext): Promise<Payload[]> =>
    this.#ask('encode', payloads, context);
  decode = (payloads: Payload[], context?: SerializationContext): Promise<Payload[]> =>
    this.#ask('decode', payloads, context);

  async #ask(what: string, payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    const response = await fetch(`${this.#url}/api/v1/codec/${what}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${this.#token}`,
        'x-tenantry-workflow-id': context?.workflowId ?? '',
      },
      body: JSON.stringify({ payloads: payloads.map(write) }),
    });
    if (!response.ok) throw new Error(`the codec answered ${response.status}: ${await response.text()}`);
    return ((await response.json()) as { payloads: Written[] }).payloads.map(read);
  }
}

interface Written {
  metadata: Record<string, string>;
  data: string;
}

const write = ({ metadata, data }: Payload): Written => ({
  metadata: Object.fromEntries(
    Object.entries(metadata ?? {}).map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]),
  ),
  data: Buffer.from(data ?? []).toString('base64'),
});
const read = ({ metadata, data }: Written): Payload => ({
  metadata: Object.fromEntries(Object.entries(metadata).map(([name, text]) => [name, Buffer.from(text, 'base64')])),
  data: Buffer.from(data, 'base64'),
});

export interface ForeignWorker {
  stop(): Promise<void>;
}

/** A worker of the SaaS team for one queue; with a token it has the codec, without it sees what anybody sees. */
export async function startForeignWorker(
  api: ApiInstallation,
  { taskQueue, activities, token }: { taskQueue: string; activities: object; token: string | null },
): Promise<ForeignWorker> {
  installRuntime(createLogger('test', { level: 'fatal' }));
  const connection = await NativeConnection.connect({ address: api.installation.configuration.temporal.address });
  const worker = await Worker.create({
    connection,
    taskQueue,
    activities,
    shutdownGraceTime: '1s',
    shutdownForceTime: '3s',
    ...(token ? { dataConverter: { payloadCodecs: [new RemoteCodec(api.url, token)] } } : {}),
  });
  const ended = worker.run();
  return {
    async stop() {
      worker.shutdown();
      await ended.catch(() => undefined);
      await connection.close();
    },
  };
}
