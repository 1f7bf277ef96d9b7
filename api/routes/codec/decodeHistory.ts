import { v7 as newId } from 'uuid';
import { EncodedPayloads } from '#contracts/outside/codec.ts';
import { appendEvent } from '#domain/events/appendEvent.ts';
import { decodePayloads, ownersOf } from '#temporal/remoteCodec.ts';
import { defineRoute } from '../../route.ts';

/** Temporal's remote codec, for its Web UI with the sign-in of who looks, and for workers with their token. */
export const decodeHistory = defineRoute({
  method: 'post',
  path: '/api/v1/codec/decode',
  summary: "Decode payloads of histories, or of a worker's own steps",
  permission: 'histories:read',
  takesWorkerTokens: true,
  crossOrigin: 'codec',
  rate: { perSecond: 100, burst: 1_000 },
  body: EncodedPayloads,
  success: { status: 200, body: EncodedPayloads },
  errors: ['payload_out_of_scope', 'payload_unreadable', 'key_destroyed', 'too_many_requests'],
  async handle({ body: { payloads }, worker, actor }, { platform, em }) {
    const decoded = await decodePayloads(platform, payloads, worker);
    const owners = ownersOf(payloads);
    if (!worker && owners.length > 0)
      await em.transactional((tx) =>
        appendEvent(
          tx,
          {
            stream: `platform:decoding/${newId()}`,
            type: 'history.decoded',
            tenantId: owners.find((owner) => owner !== 'platform') ?? null,
            data: { owners, payloads: payloads.length },
          },
          actor,
        ),
      );
    return { payloads: decoded };
  },
});
