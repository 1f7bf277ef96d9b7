import assert from 'node:assert/strict';
import { outsideActivityIdOf } from '#contracts/workflowInputs.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { issueWorkerToken, revokeWorkerToken } from '#domain/workerTokens/workerTokens.ts';
import { dataConverterOf } from '#temporal/connection.ts';
import { ApiInstallation, insides, type Answer } from './apiInstallation.ts';
import { plainPayload, runWithStepOn, sealed } from './cases/codecCases.ts';

const ui = 'http://localhost:8233';
const decode = '/api/v1/codec/decode';
const encode = '/api/v1/codec/encode';
const canary = 'canary-5d1c-of-a-history';

describe('the codec endpoint', () => {
  let api: ApiInstallation;
  let tenantId: string;
  let otherId: string;
  const activityIdOn = (taskQueue: string) =>
    outsideActivityIdOf(taskQueue, { stepId: 's', number: 1, verb: 'act', execution: 1 });
  const history = (value: unknown = canary) => sealed(api, value, `provisionTenant/${tenantId}/x`);
  const inputOn = (taskQueue: string) => sealed(api, canary, `provisionTenant/${tenantId}/x`, activityIdOn(taskQueue));
  const issue = (taskQueue: string, days = 1) =>
    issueWorkerToken(api.installation.em, { name: taskQueue, taskQueue, days }, theSystem);
  const asWorker = (token: string, headers = {}) => ({
    cookie: null,
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
  const code = ({ body, text }: Answer) => {
    assert.doesNotMatch(text, insides);
    assert.ok(!text.includes(canary));
    return body['code'];
  };

  before(async () => {
    api = await ApiInstallation.start((configuration) => ({ ...configuration, codecOrigins: [ui] }));
    tenantId = (await api.installation.createTenant({ name: 'Opened' })).tenantId;
    otherId = (await api.installation.createTenant({ name: 'Other' })).tenantId;
  });
  after(() => api.stop());

  describe("for Temporal's UI", () => {
    it('lets the configured origin ask with its sign-in, after a preflight', async () => {
      const preflight = await api.ask('OPTIONS', decode, {
        cookie: null,
        headers: {
          origin: ui,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type,x-namespace',
        },
      });
      assert.equal(preflight.status, 204);
      assert.equal(preflight.headers['access-control-allow-origin'], ui);
      assert.equal(preflight.headers['access-control-allow-credentials'], 'true');
      assert.match(preflight.headers['access-control-allow-headers'] ?? '', /X-Namespace/);

      const answer = await api.ask('POST', decode, {
        body: { payloads: [await history(), plainPayload('never sealed')] },
        headers: { origin: ui, 'sec-fetch-site': 'same-site', 'x-namespace': 'default' },
      });
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.headers['access-control-allow-origin'], ui);
      assert.deepEqual(answer.body, { payloads: [plainPayload(canary), plainPayload('never sealed')] });
    });

    it('tells nothing to a page of any other origin, not even of a similar one', async () => {
      for (const origin of ['http://localhost:8234', 'https://localhost:8233', `${ui}.evil.example`, 'null']) {
        const preflight = await api.ask('OPTIONS', decode, { headers: { origin } });
        assert.equal(preflight.headers['access-control-allow-origin'], undefined);
        const body = { payloads: [await history()] };
        const answer = await api.ask('POST', decode, { body, headers: { origin, 'sec-fetch-site': 'same-site' } });
        assert.equal(answer.status, 403);
        assert.equal(code(answer), 'cross_origin');
        assert.equal(answer.headers['access-control-allow-origin'], undefined);
      }
    });

    it('invites nobody to other routes', async () => {
      const answer = await api.ask('POST', '/api/v1/worker-tokens', {
        body: { name: 'x', taskQueue: 'x' },
        headers: { origin: ui, 'sec-fetch-site': 'same-site' },
      });
      assert.equal(code(answer), 'cross_origin');
      assert.equal(answer.headers['access-control-allow-origin'], undefined);
    });

    it('refuses who is not signed in, readably for the page', async () => {
      const answer = await api.ask('POST', decode, {
        body: { payloads: [await history()] },
        cookie: null,
        headers: { origin: ui },
      });
      assert.equal(answer.status, 401);
      assert.equal(answer.headers['access-control-allow-origin'], ui);
    });

    it('writes into the audit who had what of whom decoded, never what it said', async () => {
      await api.ask('POST', decode, { body: { payloads: [await history(), await history()] } });
      const events = await api.installation.asAdmin<{ data: object; tenant_id: string; actor_id: string; row: string }>(
        null,
        `select data, tenant_id, actor_id, e::text as row from events e where type = 'history.decoded' order by id desc`,
      );
      assert.deepEqual(events[0]?.data, { owners: [tenantId], payloads: 2 });
      assert.equal(events[0].tenant_id, tenantId);
      assert.ok(events[0].actor_id);
      assert.ok(!events.some(({ row }) => row.includes(canary)));
    });

    it('refuses what is not as it was sealed', async () => {
      const payload = await history();
      const broken = { ...payload, data: Buffer.from(payload.data, 'base64').fill(1, 30, 31).toString('base64') };
      const moved = { ...payload, metadata: { ...payload.metadata, owner: Buffer.from(otherId).toString('base64') } };
      const marked = {
        ...payload,
        metadata: { ...payload.metadata, 'task-queue': Buffer.from('crm').toString('base64') },
      };
      for (const bad of [broken, moved, marked]) {
        const answer = await api.ask('POST', decode, { body: { payloads: [bad] } });
        assert.equal(code(answer), 'payload_unreadable');
      }
    });

    it('takes no more at once than a body may hold, and no more often than its rate', async () => {
      const many = { payloads: Array.from({ length: 501 }, () => plainPayload(1)) };
      assert.equal(code(await api.ask('POST', decode, { body: many })), 'invalid_request');
      const large = { payloads: [plainPayload('x'.repeat(300_000))] };
      assert.equal(code(await api.ask('POST', decode, { body: large })), 'body_too_large');
      const { token } = await issue('impatient');
      const statuses = new Set<number>();
      // Faster than it fills up again, on a busy machine too.
      for (let round = 0; round < 200 && !statuses.has(429); round++) {
        const asked = Array.from({ length: 50 }, () =>
          api.ask('POST', decode, { body: { payloads: [] }, ...asWorker(token) }),
        );
        for (const { status } of await Promise.all(asked)) statuses.add(status);
      }
      assert.deepEqual([...statuses].sort(), [200, 429]);
    }).timeout(120_000);
  });

  describe('for a worker with its token', () => {
    it('opens what was sealed for its queue, and nothing else', async () => {
      const { token } = await issue('crm');
      const own = await api.ask('POST', decode, { body: { payloads: [await inputOn('crm')] }, ...asWorker(token) });
      assert.deepEqual(own.body, { payloads: [plainPayload(canary)] });
      for (const foreign of [await inputOn('billing'), await history()]) {
        const answer = await api.ask('POST', decode, { body: { payloads: [foreign] }, ...asWorker(token) });
        assert.equal(answer.status, 403);
        assert.equal(code(answer), 'payload_out_of_scope');
      }
      const relabelled = await inputOn('billing');
      relabelled.metadata['task-queue'] = Buffer.from('crm').toString('base64');
      const answer = await api.ask('POST', decode, { body: { payloads: [relabelled] }, ...asWorker(token) });
      assert.equal(code(answer), 'payload_unreadable');
    });

    it('seals only for runs under way with a step on its queue; only that step takes the answer', async () => {
      const { token } = await issue('crm');
      const workflowId = await runWithStepOn(api, tenantId, 'crm');
      const seal = (id: string, payload: object = plainPayload(canary)) =>
        api.ask<{ payloads: { metadata: Record<string, string>; data: string }[] }>('POST', encode, {
          body: { payloads: [payload] },
          ...asWorker(token, { 'x-tenantry-workflow-id': id }),
        });
      const { status, body } = await seal(workflowId);
      assert.equal(status, 200);

      for (const id of [
        await runWithStepOn(api, tenantId, 'billing'),
        workflowId.replace(tenantId, otherId),
        'provisionTenant/platform/x',
      ]) {
        assert.equal(code((await seal(id)) as never), 'payload_out_of_scope');
      }
      for (const notJson of [
        {
          metadata: { encoding: Buffer.from('json/plain').toString('base64') },
          data: Buffer.from('{').toString('base64'),
        },
        { metadata: { encoding: Buffer.from('binary/plain').toString('base64') }, data: '' },
      ])
        assert.equal(code((await seal(workflowId, notJson)) as never), 'payload_unreadable');

      const [codec] = dataConverterOf(api.installation.platform).payloadCodecs ?? [];
      const [answer] = body.payloads.map(({ metadata, data }) => ({
        metadata: Object.fromEntries(
          Object.entries(metadata).map(([name, text]) => [name, Buffer.from(text, 'base64')]),
        ),
        data: Buffer.from(data, 'base64'),
      }));
      const readBy = async (activityId: string, id = workflowId) => {
        const context = { type: 'activity', namespace: 'default', workflowId: id, activityId, isLocal: false } as const;
        const [read] = await codec!.decode([answer!], context);
        return JSON.parse(Buffer.from(read?.data ?? []).toString()) as unknown;
      };
      assert.equal(await readBy(activityIdOn('crm')), canary);
      assert.match(JSON.stringify(await readBy(activityIdOn('billing'))), /unreadable.*another task queue/);
      assert.match(
        JSON.stringify(await readBy(activityIdOn('crm'), workflowId.replace(tenantId, otherId))),
        /unreadable.*another workflow/,
      );
      await assert.rejects(readBy('1'), /another task queue/, 'our own activities take nothing from outside');
    });

    it('says what is missing when no workflow is named', async () => {
      const { token } = await issue('crm');
      const answer = await api.ask('POST', encode, { body: { payloads: [] }, ...asWorker(token) });
      assert.partialDeepStrictEqual(answer.body, {
        fields: [{ path: 'X-Tenantry-Workflow-Id', message: 'is missing' }],
      });
    });

    it('is refused with a token that is unknown, revoked or expired, and with a sign-in where it needs a token', async () => {
      const revoked = await issue('crm');
      await revokeWorkerToken(api.installation.em, revoked.id, theSystem);
      const expired = await issue('crm');
      await api.installation.asAdmin(null, 'update worker_tokens set expires_at = now() where id = $1', [expired.id]);
      for (const token of [revoked.token, expired.token, 'twt_', `twt_${'0'.repeat(28)}`, 'x'.repeat(5_000)]) {
        const answer = await api.ask('POST', decode, { body: { payloads: [] }, ...asWorker(token) });
        assert.equal(answer.status, 401, token);
      }
      const withBoth = await api.ask('POST', decode, {
        body: { payloads: [] },
        headers: { authorization: `Bearer ${revoked.token}` },
      });
      assert.equal(withBoth.status, 401);
      assert.equal((await api.ask('POST', encode, { body: { payloads: [] } })).status, 401);
    });

    it('opens nothing else of the API with it', async () => {
      const { token } = await issue('crm');
      for (const path of ['/api/v1/tenants', '/api/v1/worker-tokens', '/api/v1/session'])
        assert.equal((await api.ask('GET', path, asWorker(token))).status, 401);
    });

    it('leaves its use in the list and its digest in the registry', async () => {
      const { id, token } = await issue('used');
      await api.ask('POST', decode, { body: { payloads: [] }, ...asWorker(token) });
      const { items } = (
        await api.ask<{ items: { id: string; lastUsedAt: string | null }[] }>('GET', '/api/v1/worker-tokens')
      ).body;
      assert.ok(items.find((one) => one.id === id)?.lastUsedAt);
      const rows = await api.installation.asAdmin<{ row: string }>(null, 'select t::text as row from worker_tokens t');
      assert.ok(!rows.some(({ row }) => row.includes(token)));
    });
  });

  it('opens nothing of a tenant whose key was destroyed, at once and for everybody', async () => {
    const doomed = (await api.installation.createTenant({ name: 'Doomed' })).tenantId;
    const payload = await sealed(api, canary, `provisionTenant/${doomed}/x`);
    assert.equal((await api.ask('POST', decode, { body: { payloads: [payload] } })).status, 200);
    await api.installation.asAdmin(
      null,
      'update tenant_keys set wrapped = null, shredded_at = now() where tenant_id = $1',
      [doomed],
    );
    const answer = await api.ask('POST', decode, { body: { payloads: [payload] } });
    assert.equal(answer.status, 410);
    assert.equal(code(answer), 'key_destroyed');
  });

  it('tells the log no payload and no token', async () => {
    const { token } = await issue('logged');
    await api.ask('POST', decode, { body: { payloads: [await history()] } });
    await api.ask('POST', decode, { body: { payloads: [await history()] }, ...asWorker(token) });
    const log = api.logLines.join('\n');
    assert.match(log, /codec\/decode/);
    for (const secret of [canary, Buffer.from(canary).toString('base64').slice(4, -4), token])
      assert.ok(!log.includes(secret));
  });
});
