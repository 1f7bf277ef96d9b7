import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { IssuedWorkerToken } from '#contracts/outside/workerTokens.ts';
import { openCallback } from '#domain/outside/callbacks.ts';
import { rows } from '#domain/sql.ts';
import { dataConverterOf } from '#temporal/connection.ts';
import type { Answer, ApiInstallation } from '../apiInstallation.ts';
import type { RouteCase, World } from './routeCases.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
export const plainPayload = (value: unknown) => ({
  metadata: { encoding: base64('json/plain') },
  data: base64(JSON.stringify(value)),
});

/** The wire form of what our own codec seals, for a workflow and, where one is named, for an activity in it. */
export async function sealed(api: ApiInstallation, value: unknown, workflowId: string, activityId?: string) {
  const [codec] = dataConverterOf(api.installation.platform).payloadCodecs ?? [];
  const { metadata, data } = plainPayload(value);
  const plain = { metadata: { encoding: Buffer.from(metadata.encoding, 'base64') }, data: Buffer.from(data, 'base64') };
  const context = activityId
    ? ({ type: 'activity', namespace: 'default', workflowId, activityId, isLocal: false } as const)
    : ({ type: 'workflow', namespace: 'default', workflowId } as const);
  const [payload] = await codec!.encode([plain], context);
  return {
    metadata: Object.fromEntries(
      Object.entries(payload?.metadata ?? {}).map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]),
    ),
    data: Buffer.from(payload?.data ?? []).toString('base64'),
  };
}

/** A run under way with a step on this queue, as far as the ledger is concerned. */
export async function runWithStepOn(api: ApiInstallation, tenantId: string, taskQueue: string): Promise<string> {
  const [runId, workflowId] = [randomUUID(), `provisionTenant/${tenantId}/${randomUUID()}`];
  await api.installation.asAdmin(
    null,
    `insert into runs (id, kind, tenant_id, state, exclusive, cancellable, workflow_id, workflow_started_at)
     values ($1, 'provisionTenant', $2, 'running', false, false, $3, now())`,
    [runId, tenantId, workflowId],
  );
  await api.installation.asAdmin(
    null,
    `insert into run_steps (id, run_id, position, title, kind, provider, act, undo, state, spec)
     values (gen_random_uuid(), $1, 0, 'Create the account', 'custom', 'custom', 'crm.create_account', null, 'running', $2)`,
    [runId, JSON.stringify({ taskQueue })],
  );
  return workflowId;
}

export const codecCases = (world: World) =>
  ({
    decodeHistory: {
      succeeds: async () => ({
        body: { payloads: [await sealed(world.api, 'secret', `provisionTenant/${world.active.tenantId}/x`)] },
      }),
      shows: ({ body }: Answer) => assert.deepEqual(body, { payloads: [plainPayload('secret')] }),
    },
    encodeAnswer: {
      succeeds: async () => ({
        body: { payloads: [plainPayload('secret')] },
        headers: {
          authorization: `Bearer ${world.workerToken}`,
          'x-tenantry-workflow-id': await runWithStepOn(world.api, world.active.tenantId, 'crm'),
        },
      }),
      shows: ({ body }: Answer) => {
        const [payload] = (body as { payloads: { metadata: Record<string, string> }[] }).payloads;
        assert.equal(payload?.metadata['owner'], base64(world.active.tenantId));
        assert.equal(payload?.metadata['task-queue'], base64('crm'));
      },
    },
    listWorkerTokens: {
      succeeds: async () => ({}),
      shows: ({ body, text }: Answer) => {
        assert.partialDeepStrictEqual(body, { items: [{ taskQueue: 'crm', hint: world.workerToken.slice(-4) }] });
        assert.ok(!text.includes(world.workerToken));
      },
    },
    issueWorkerToken: {
      succeeds: async () => ({ body: { name: 'Billing', taskQueue: 'billing', days: 30 } }),
      shows: ({ body }: Answer) => assert.match((body as unknown as IssuedWorkerToken).token, /^twt_[0-9A-Za-z]{28}$/),
    },
    listSigningSecrets: {
      async succeeds() {
        await world.api.ask('POST', '/api/v1/signing-secrets');
        return {};
      },
      shows: ({ body, text }: Answer) => {
        assert.equal((body as { items: { hint: string }[] }).items[0]?.hint.length, 5);
        assert.ok(!text.includes('whsec_'));
      },
    },
    issueSigningSecret: {
      succeeds: async () => ({}),
      shows: ({ body }: Answer) => assert.match(String(body['secret']), /^whsec_[\w+/]{43}=$/),
    },
    answerCallback: {
      async succeeds() {
        const workflowId = await runWithStepOn(world.api, world.active.tenantId, 'callbacks');
        const { em, platform } = world.api.installation;
        const [step] = await rows<{ runId: string; stepId: string }>(em)`
          select r.id as "runId", s.id as "stepId" from runs r join run_steps s on s.run_id = r.id
          where r.workflow_id = ${workflowId}`;
        const asked = { ...step!, number: 1, verb: 'act', execution: 1, seconds: 60 } as const;
        const { token } = await openCallback(em, platform.installation.keyring, asked);
        return { params: { token }, body: { outcome: 'done', output: { id: 'crm-1' } }, cookie: null };
      },
      shows: ({ text }: Answer) => assert.equal(text, ''),
    },
    revokeWorkerToken: {
      async succeeds() {
        const body = { name: 'Old', taskQueue: 'old' };
        const issued = await world.api.ask<IssuedWorkerToken>('POST', '/api/v1/worker-tokens', { body });
        return { params: { tokenId: issued.body.id } };
      },
      shows: async () => {
        const { body } = await world.api.ask<{ items: { name: string; revokedAt: string | null }[] }>(
          'GET',
          '/api/v1/worker-tokens',
        );
        assert.ok(body.items.find(({ name }) => name === 'Old')?.revokedAt);
      },
    },
  }) satisfies Record<string, RouteCase>;
