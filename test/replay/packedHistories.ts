import type { PayloadCodec, Payload } from '@temporalio/common';
import proto from '@temporalio/proto';

const { History } = proto.temporal.api.history.v1;
type AnyHistory = proto.temporal.api.history.v1.IHistory;

/** A history as base64 of its protobuf, its payloads opened, so that it can be replayed without the keys it was sealed with. */
export async function packHistory(history: AnyHistory, codec: PayloadCodec): Promise<string> {
  await openIn(history, codec);
  return Buffer.from(History.encode(history).finish()).toString('base64');
}

export const unpackHistory = (packed: string): AnyHistory => History.decode(Buffer.from(packed, 'base64'));

/** Wherever payloads lie in it: each is exchanged for what the codec makes of it. */
async function openIn(value: unknown, codec: PayloadCodec): Promise<void> {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  for (const [name, part] of Object.entries(value)) {
    if (isPayload(part)) (value as Record<string, unknown>)[name] = (await codec.decode([part]))[0];
    else await openIn(part, codec);
  }
}

const isPayload = (value: unknown): value is Payload =>
  typeof value === 'object' &&
  value !== null &&
  'metadata' in value &&
  'data' in value &&
  value.data instanceof Uint8Array;
