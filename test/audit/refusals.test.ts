import assert from 'node:assert/strict';
import { openOrigin } from '#domain/events/origin.ts';
import { ApiInstallation, ask } from '#test/api/apiInstallation.ts';
import { personWith } from '#test/api/personWith.ts';

interface Told extends Record<string, unknown> {
  type: string;
  outcome: string;
  outcome_code: string;
  tenant_id: string | null;
  target_kind: string;
  target_id: string;
  actor_kind: string;
  actor_id: string | null;
  request_id: string;
  origin: Buffer;
  data: { route: string; status: number; count?: number };
}

describe('what is refused', () => {
  let api: ApiInstallation;
  before(async () => (api = await ApiInstallation.start()));
  after(() => api.stop());

  /** Rows are waited for: they are written after the answer. */
  const told = (requestId: string): Promise<Told> =>
    api.installation.until('the event of a refusal', 5_000, async () => {
      const [event] = await api.installation.asAdmin<Told>(null, 'select * from events where request_id = $1', [
        requestId,
      ]);
      return event;
    });
  const tenant = '019a0000-0000-7000-8000-000000000000';

  it('to somebody who is not permitted it is told with who, what, from where and why', async () => {
    const { cookie, userId } = await personWith(api.installation, []);
    const answer = await api.ask('POST', '/api/v1/tenants', {
      cookie,
      body: { name: 'x' },
      headers: { 'user-agent': 'a browser', 'x-request-id': 'refused-1' },
    });
    assert.equal(answer.status, 403);
    const event = await told('refused-1');
    assert.partialDeepStrictEqual(event, {
      type: 'request.refused',
      outcome: 'refused',
      outcome_code: 'forbidden',
      actor_kind: 'user',
      actor_id: userId,
      target_kind: 'route',
      data: { route: 'POST /api/v1/tenants', status: 403 },
    });
    const { keyring } = api.installation.platform.installation;
    const origin = openOrigin(keyring, event.origin);
    assert.equal(origin?.userAgent, 'a browser');
    assert.match(origin?.address ?? '', /127\.0\.0\.1|::1/);
  });

  it('to the owner because it is not there, or is in the way, names what was asked for', async () => {
    await api.ask('DELETE', `/api/v1/tenants/${tenant}`, {
      body: { confirm: 'x' },
      headers: { 'x-request-id': 'refused-2' },
    });
    assert.partialDeepStrictEqual(await told('refused-2'), {
      outcome_code: 'not_found',
      tenant_id: null,
      target_kind: 'tenant',
      target_id: tenant,
    });
  });

  it('is told of a tenant in the chain of that tenant', async () => {
    const created = await api.ask<{ tenantId: string }>('POST', '/api/v1/tenants', { body: { name: 'Åbo' } });
    const { tenantId } = created.body;
    const { cookie } = await personWith(api.installation, []);
    await api.ask('DELETE', `/api/v1/tenants/${tenantId}`, {
      cookie,
      body: { confirm: 'x' },
      headers: { 'x-request-id': 'refused-3' },
    });
    assert.equal((await told('refused-3')).tenant_id, tenantId);
  });

  it('to nobody in particular is counted for each address, and a flood is a handful of events', async () => {
    for (let round = 0; round < 300; round++)
      await ask(api.url, 'POST', '/api/v1/tenants', {
        body: { name: 'x' },
        headers: { 'x-request-id': `flood-${round}` },
      });
    await api.api.settleRefusals();
    const events = await api.installation.asAdmin<Told>(
      null,
      `select * from events where actor_id is null and type = 'request.refused'`,
    );
    assert.equal(events.length, 1);
    assert.partialDeepStrictEqual(events[0], { outcome_code: 'unauthenticated', data: { status: 401, count: 300 } });
  });

  it('is not told when somebody merely mistyped, nor of what was read', async () => {
    await api.ask('POST', '/api/v1/tenants', { body: {}, headers: { 'x-request-id': 'mistyped' } });
    await api.ask('GET', `/api/v1/tenants/${tenant}`, { headers: { 'x-request-id': 'read' } });
    await api.api.settleRefusals();
    const events = await api.installation.asAdmin(
      null,
      `select 1 from events where request_id in ('mistyped', 'read')`,
    );
    assert.equal(events.length, 0);
  });

  it('is written when the registry can be written to again', async () => {
    await api.installation.asAdmin(null, 'alter table events rename to events_away');
    const answer = await api.ask('PATCH', `/api/v1/tenants/${tenant}`, {
      body: { name: 'y' },
      headers: { 'x-request-id': 'failed-1' },
    });
    assert.equal(answer.status, 404);
    await new Promise((resume) => setTimeout(resume, 50));
    await api.installation.asAdmin(null, 'alter table events_away rename to events');
    assert.equal((await told('failed-1')).outcome, 'refused');
  });
});
