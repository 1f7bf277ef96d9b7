import type { Payload } from '@temporalio/common';
import type { EncodedPayload } from '#contracts/outside/codec.ts';
import { DomainError } from '#contracts/errors.ts';
import { tenantOfWorkflowId } from '#contracts/workflowInputs.ts';
import type { Platform } from '#domain/platform.ts';
import { TenantKeys } from '#domain/secrets/tenantKeys.ts';
import { queueServesRun, type TokenHolder } from '#domain/workerTokens/workerTokens.ts';
import { KeyDestroyed, platformOwner, scopeOf, SealedPayloads, UnreadablePayload } from './payloadCodec.ts';

/** Keys are read anew for each request: one that is shredded opens nothing from then on, whatever a process remembers. */
const codecOf = ({ registry, installation }: Platform): SealedPayloads =>
  new SealedPayloads(installation.keyring, new TenantKeys(registry, installation.keyring));

/**
 * Opens payloads for somebody outside: all for a person who may read histories, for a worker only those of its queue. What was
 * never sealed comes back as it is. Refuses with `payload_out_of_scope`, `payload_unreadable`, `key_destroyed`.
 */
export async function decodePayloads(
  platform: Platform,
  encoded: EncodedPayload[],
  worker: TokenHolder | null,
): Promise<EncodedPayload[]> {
  const payloads = encoded.map(readPayload);
  const outOfScope = payloads.some((payload) => {
    const scope = scopeOf(payload);
    return worker !== null && scope !== null && scope.taskQueue !== worker.taskQueue;
  });
  if (outOfScope)
    throw new DomainError(
      'payload_out_of_scope',
      "This token opens only what was sealed for its own task queue's steps.",
    );
  return (await codecOf(platform).decode(payloads).catch(refuse)).map(writePayload);
}

/**
 * Seals what a worker answers: with the key of the tenant whose run has a step on its queue, or the platform's where a runbook has one,
 * marked with the queue, so that only this step's activity takes it. Refuses with `payload_out_of_scope`, `payload_unreadable`, `key_destroyed`.
 */
export async function encodePayloads(
  platform: Platform,
  encoded: EncodedPayload[],
  worker: TokenHolder,
  workflowId: string,
): Promise<EncodedPayload[]> {
  const owner = tenantOfWorkflowId(workflowId) ?? platformOwner;
  if (!(await queueServesRun(platform.registry.em.fork(), worker.taskQueue, workflowId)))
    throw new DomainError(
      'payload_out_of_scope',
      "No run under way with this workflow id has a step on this token's queue.",
    );
  const payloads = encoded.map(readPayload);
  for (const payload of payloads) refuseUnlessJson(payload);
  const scope = { owner, taskQueue: worker.taskQueue };
  return (await codecOf(platform).sealFor(scope, payloads).catch(refuse)).map(writePayload);
}

/** Whose the payloads are: ids only, for the audit. */
export const ownersOf = (encoded: EncodedPayload[]): string[] => [
  ...new Set(encoded.flatMap((payload) => scopeOf(readPayload(payload))?.owner ?? [])),
];

/** What the workflow could not read would fail its every task: it is refused where its author sees it. */
function refuseUnlessJson(payload: Payload): void {
  const encoding = Buffer.from(payload.metadata?.['encoding'] ?? []).toString();
  if (encoding === 'binary/null') return;
  try {
    if (encoding !== 'json/plain') throw new Error(encoding);
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload.data ?? new Uint8Array()));
  } catch (error) {
    throw new DomainError('payload_unreadable', 'Only JSON (`json/plain`) and `binary/null` are sealed.', {
      cause: error,
    });
  }
}

function refuse(error: unknown): never {
  if (error instanceof KeyDestroyed)
    throw new DomainError(
      'key_destroyed',
      'The key of this tenant was destroyed; its histories cannot be read again.',
      {
        cause: error,
      },
    );
  if (error instanceof UnreadablePayload)
    throw new DomainError('payload_unreadable', 'A payload is not what this installation sealed.', { cause: error });
  throw error;
}

const readPayload = ({ metadata, data }: EncodedPayload): Payload => ({
  metadata: Object.fromEntries(
    Object.entries(metadata ?? {}).map(([name, value]) => [name, new Uint8Array(Buffer.from(value, 'base64'))]),
  ),
  data: new Uint8Array(Buffer.from(data ?? '', 'base64')),
});

const writePayload = ({ metadata, data }: Payload): EncodedPayload => ({
  metadata: Object.fromEntries(
    Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
  ),
  data: Buffer.from(data ?? []).toString('base64'),
});
