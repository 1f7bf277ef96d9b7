import { EncodedPayloads } from '#contracts/outside/codec.ts';
import { DomainError } from '#contracts/errors.ts';
import { encodePayloads } from '#temporal/remoteCodec.ts';
import { defineRoute } from '../../route.ts';

const workflowHeader = 'X-Tenantry-Workflow-Id';

/** The other half of Temporal's remote codec. Nobody but a worker has anything to seal. */
export const encodeAnswer = defineRoute({
  method: 'post',
  path: '/api/v1/codec/encode',
  summary: "Seal what a worker's step answers",
  permission: 'worker',
  headers: { [workflowHeader]: 'The id of the workflow that is answered: its tenant decides the key' },
  rate: { perSecond: 100, burst: 1_000 },
  body: EncodedPayloads,
  success: { status: 200, body: EncodedPayloads },
  errors: ['payload_out_of_scope', 'payload_unreadable', 'key_destroyed', 'too_many_requests'],
  async handle({ body: { payloads }, worker, header }, { platform }) {
    const workflowId = header(workflowHeader);
    if (!worker || !workflowId)
      throw new DomainError('invalid_request', `The header ${workflowHeader} says which workflow is answered.`, {
        fields: [{ path: workflowHeader, message: 'is missing' }],
      });
    return { payloads: await encodePayloads(platform, payloads, worker, workflowId) };
  },
});
