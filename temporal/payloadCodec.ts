import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import proto from '@temporalio/proto';
import { taskQueueOfActivityId, tenantOfWorkflowId } from '#contracts/workflowInputs.ts';
import { isRegistryAway } from '#domain/registryAway.ts';
import { seal, unseal, type Keyring } from '#domain/secrets/keyring.ts';
import type { TenantKeys } from '#domain/secrets/tenantKeys.ts';

const encoding = 'binary/tenantry-aes256gcm';
const text = new TextEncoder();
const words = new TextDecoder();
/** Whose payloads are that belong to no tenant. */
export const platformOwner = 'platform';
/** Longer than a registry is away that comes back by itself. */
const patienceMs = 10 * 60_000;
const longestPauseMs = 500;
const PayloadMessage = proto.temporal.api.common.v1.Payload;

/** Whose a payload is, and which queue's workers may open it; null for those of our own workers. */
export interface PayloadScope {
  owner: string;
  taskQueue: string | null;
}

/** It was never sealed, is not what it says, or belongs elsewhere: it will not be readable later either. */
export class UnreadablePayload extends Error {
  override readonly name = 'UnreadablePayload';
}

/** The tenant's key was shredded, and with it everything that it sealed. */
export class KeyDestroyed extends Error {
  override readonly name = 'KeyDestroyed';
}

/**
 * What becomes of something that is to be written for a tenant whose key was shredded. A client refuses. A worker must not: an execution
 * that outlived its tenant (in a cluster that comes back) is handed to it, and an error that it cannot write ends the whole worker. So it
 * seals with a key that nobody keeps, and what it wrote is as unreadable as the rest of that history.
 */
export type WithoutKey = 'refuse' | 'seal for nobody';

/**
 * Encrypts everything that goes into histories: with the tenant's key when the workflow id names a tenant, else with the
 * platform's. Shredding a tenant's key makes its histories unreadable. What an activity on a queue of the SaaS team is given, and
 * what it answers, is sealed for that queue.
 */
export class SealedPayloads implements PayloadCodec {
  readonly #keyring: Keyring;
  readonly #keys: TenantKeys;
  readonly #withoutKey: WithoutKey;

  constructor(keyring: Keyring, keys: TenantKeys, withoutKey: WithoutKey = 'refuse') {
    this.#keyring = keyring;
    this.#keys = keys;
    this.#withoutKey = withoutKey;
  }

  async encode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    const scope = scopeIn(context) ?? { owner: platformOwner, taskQueue: null };
    try {
      return await this.sealFor(scope, payloads);
    } catch (error) {
      if (!(error instanceof KeyDestroyed) || this.#withoutKey === 'refuse') throw error;
      return sealedWith({ id: 'none', key: randomBytes(32) }, scope, payloads);
    }
  }

  async sealFor(scope: PayloadScope, payloads: Payload[]): Promise<Payload[]> {
    return sealedWith(await this.#keyOf(scope.owner), scope, payloads);
  }

  /**
   * Where the workflow is known, a payload that was sealed for another owner or queue is refused: it was carried over from there.
   * What comes from a worker of another team must not stop the workflow, so there the refusal takes the answer's place.
   */
  async decode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    const expected = scopeIn(context);
    return Promise.all(payloads.map((payload) => this.#decodeOne(payload, expected)));
  }

  async #decodeOne(payload: Payload, expected: PayloadScope | null): Promise<Payload> {
    if (expected?.taskQueue && !isOfTheServer(payload)) return this.#open(payload, expected).catch(refusalInItsPlace);
    return scopeOf(payload) === null ? payload : this.#open(payload, expected);
  }

  async #open(payload: Payload, expected: PayloadScope | null): Promise<Payload> {
    const scope = scopeOf(payload);
    if (!scope) throw new UnreadablePayload('it was not sealed by the codec');
    if (expected && scope.owner !== expected.owner)
      throw new UnreadablePayload('this payload belongs to another workflow');
    if (expected && scope.taskQueue !== expected.taskQueue)
      throw new UnreadablePayload('this payload was sealed for another task queue');
    const keyId = metadataOf(payload, 'key-id');
    const { id, key } = await this.#keyOf(scope.owner);
    if (id !== keyId) throw new UnreadablePayload('it names a key that its owner does not have');
    try {
      const opened = unseal(key, Buffer.from(payload.data ?? []), contextOf(keyId, scope.taskQueue));
      return PayloadMessage.decode(opened);
    } catch (error) {
      throw new UnreadablePayload('its seal is broken', { cause: error });
    }
  }

  async #keyOf(owner: string): Promise<{ id: string; key: Buffer }> {
    if (owner === platformOwner) return { id: platformOwner, key: this.#keyring.platformKey };
    const found = uuid.test(owner) ? await this.#find(owner) : null;
    if (!found) throw new KeyDestroyed(`the key of ${owner} is gone`);
    return found;
  }

  /**
   * A failure in here is one of the SDK's own, which ends the worker. So while the registry is away the workflow's task waits, is
   * taken back by the server, and is carried out when the registry answers.
   */
  async #find(owner: string): Promise<{ id: string; key: Buffer } | null> {
    const until = Date.now() + patienceMs;
    for (let pauseMs = 50; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs))
      try {
        return await this.#keys.find(owner);
      } catch (error) {
        if (!isRegistryAway(error) || Date.now() > until) throw error;
        await delay(pauseMs);
      }
  }
}

const sealedWith = (
  { id, key }: { id: string; key: Buffer },
  { owner, taskQueue }: PayloadScope,
  payloads: Payload[],
): Payload[] =>
  payloads.map((payload) => ({
    metadata: {
      encoding: text.encode(encoding),
      'key-id': text.encode(id),
      owner: text.encode(owner),
      ...(taskQueue === null ? {} : { 'task-queue': text.encode(taskQueue) }),
    },
    data: seal(key, Buffer.from(PayloadMessage.encode(payload).finish()), contextOf(id, taskQueue)),
  }));

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const metadataOf = (payload: Payload, name: string): string =>
  words.decode(payload.metadata?.[name] ?? new Uint8Array());

/** Whose a payload says it is; null for one that is not sealed by us. Only opening it proves it. */
export function scopeOf(payload: Payload): PayloadScope | null {
  if (metadataOf(payload, 'encoding') !== encoding) return null;
  return { owner: metadataOf(payload, 'owner'), taskQueue: metadataOf(payload, 'task-queue') || null };
}

/** What is authenticated with a payload: moved to another key or queue it does not open. */
const contextOf = (keyId: string, taskQueue: string | null): string =>
  `payload/${keyId}${taskQueue === null ? '' : `/queue/${taskQueue}`}`;

/** Temporal's server writes one thing itself, in the clear: that a cancelled activity had not been taken by anybody. */
const isOfTheServer = ({ metadata, data }: Payload): boolean =>
  words.decode(metadata?.['encoding'] ?? new Uint8Array()) === 'json/plain' &&
  words.decode(data ?? new Uint8Array()) === '"ACTIVITY_ID_NOT_STARTED"';

/** Whose payloads a workflow's are: its tenant's, or the platform's; null where no workflow is named. */
const scopeIn = (context: SerializationContext | undefined): PayloadScope | null =>
  context?.workflowId
    ? {
        owner: tenantOfWorkflowId(context.workflowId) ?? platformOwner,
        taskQueue: context.type === 'activity' && !context.isLocal ? taskQueueOfActivityId(context.activityId) : null,
      }
    : null;

/** Read as a result it is an object that says so; read as a failure's attributes it is its message. */
function refusalInItsPlace(error: unknown): Payload {
  if (!(error instanceof UnreadablePayload)) throw error;
  const refusal = { message: `Unreadable: ${error.message}.`, stack_trace: '', unreadable: error.message };
  return { metadata: { encoding: text.encode('json/plain') }, data: text.encode(JSON.stringify(refusal)) };
}
