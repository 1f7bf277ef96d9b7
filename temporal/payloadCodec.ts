import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import proto from '@temporalio/proto';
import { tenantOfWorkflowId } from '#contracts/workflowInputs.ts';
import { seal, unseal, type Keyring } from '#domain/secrets/keyring.ts';
import type { TenantKeys } from '#domain/secrets/tenantKeys.ts';

const encoding = 'binary/tenantry-aes256gcm';
const text = new TextEncoder();
const words = new TextDecoder();
const platform = 'platform';
const PayloadMessage = proto.temporal.api.common.v1.Payload;

/**
 * Encrypts everything that goes into histories: with the tenant's key when the workflow id names a tenant, else with the
 * platform's. Shredding a tenant's key makes its histories unreadable.
 */
export class SealedPayloads implements PayloadCodec {
  readonly #keyring: Keyring;
  readonly #keys: TenantKeys;

  constructor(keyring: Keyring, keys: TenantKeys) {
    this.#keyring = keyring;
    this.#keys = keys;
  }

  async encode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    const owner = ownerIn(context) ?? platform;
    const { id, key } =
      owner === platform ? { id: platform, key: this.#keyring.platformKey } : await this.#keys.of(owner);
    return payloads.map((payload) => ({
      metadata: { encoding: text.encode(encoding), 'key-id': text.encode(id), owner: text.encode(owner) },
      data: seal(key, Buffer.from(PayloadMessage.encode(payload).finish()), `payload/${id}`),
    }));
  }

  /** Where the workflow is known, a payload that was sealed for another owner is refused: it was carried over from there. */
  async decode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    const expected = ownerIn(context);
    return Promise.all(payloads.map((payload) => this.#decodeOne(payload, expected)));
  }

  async #decodeOne(payload: Payload, expected: string | null): Promise<Payload> {
    if (words.decode(payload.metadata?.['encoding'] ?? new Uint8Array()) !== encoding) return payload;
    const keyId = words.decode(payload.metadata?.['key-id'] ?? new Uint8Array());
    const owner = words.decode(payload.metadata?.['owner'] ?? new Uint8Array());
    if (expected !== null && owner !== expected) throw new Error('this payload belongs to another workflow');
    const found = owner === platform ? { id: platform, key: this.#keyring.platformKey } : await this.#keys.find(owner);
    if (found?.id !== keyId) throw new Error(`the key ${keyId} of this payload is gone`);
    return PayloadMessage.decode(unseal(found.key, Buffer.from(payload.data ?? []), `payload/${keyId}`));
  }
}

/** Whose key a workflow's payloads have: its tenant's, or the platform's; null where no workflow is named. */
const ownerIn = (context: SerializationContext | undefined): string | null =>
  context?.workflowId ? (tenantOfWorkflowId(context.workflowId) ?? platform) : null;
