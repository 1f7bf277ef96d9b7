import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { approvalHeader, type Approval } from '#contracts/approvals/approvals.ts';
import type { Problem } from '#contracts/problems.ts';
import { expireApprovals } from '#domain/approvals/expireApprovals.ts';
import { makeKey, withKey } from '../cases/apiKeyCases.ts';
import { personWith } from '../personWith.ts';
import { refused, secrets, threeOwners, type ThreeOwners } from './threeOwners.ts';

describe('a dangerous act', () => {
  let world: ThreeOwners;
  before(async () => (world = await threeOwners()));
  after(() => world?.api.stop());

  it('is done at once while no policy asks for approvals', async () => {
    const { ada, by } = world;
    assert.equal((await by(ada, 'POST', secrets)).status, 201);
    refused(
      await by<Problem>(ada, 'POST', '/api/v1/approvals', {
        body: { method: 'POST', path: secrets, reason: 'To be sure' },
      }),
      409,
      'approval_not_needed',
    );
  });

  it('is refused without an approval, and the refusal tells the act and how many must approve', async () => {
    const { ada, policy, by } = world;
    await policy(2);
    const answer = await by<Problem>(ada, 'POST', secrets);
    refused(answer, 403, 'approval_required');
    assert.deepEqual(answer.body.approval, { act: 'rotate_key', required: 2 });
  });

  it('is done once, by who asked for it, when enough others have approved exactly this', async () => {
    const { ada, bob, cem, policy, ask, decide, use, read, secretsIssued, eventsOf } = world;
    await policy(2);
    const id = await ask(ada);
    refused(await use(ada, id), 403, 'approval_required');
    assert.equal((await decide(bob, id)).body.state, 'pending');
    refused(await use(ada, id), 403, 'approval_required');
    assert.equal((await decide(cem, id)).body.state, 'approved');
    const before = await secretsIssued();
    refused(await use(bob, id), 403, 'approval_invalid');
    assert.equal((await use(ada, id)).status, 201);
    assert.equal(await secretsIssued(), before + 1);
    refused(await use(ada, id), 409, 'approval_over');
    assert.equal((await read(bob, id)).state, 'used');
    assert.deepEqual(await eventsOf(id), [
      'approval.requested', 'approval.approved', 'approval.approved', 'approval.used',
    ]); // prettier-ignore
  });

  it('is approved by nobody who asks for it, by nobody twice, and by no refuser afterwards', async () => {
    const { ada, bob, cem, policy, ask, decide, use, by } = world;
    await policy(2);
    const id = await ask(ada);
    refused(await decide(ada, id), 403, 'approval_own');
    assert.equal((await decide(bob, id)).status, 200);
    refused(await decide(bob, id), 409, 'approval_decided');
    refused(await decide(bob, id, 'refuse'), 409, 'approval_decided');
    assert.equal((await decide(cem, id, 'refuse')).body.state, 'refused');
    refused(await use(ada, id), 409, 'approval_over');
    refused(
      await by<Problem>(bob, 'POST', `/api/v1/approvals/${id}/decisions`, { body: { verdict: 'refuse' } }),
      400,
      'invalid_request',
    );
  });

  it('is not done by an approval for another thing, or for the same thing edited', async () => {
    const { api, ada, bob, policy, ask, decide, use, read, by } = world;
    await Promise.all([policy(1), policy(1, 'erase_tenant')]);
    const one = await api.installation.createTenant({ name: 'One' });
    const other = await api.installation.createTenant({ name: 'Other' });
    const path = (tenantId: string) => `/api/v1/tenants/${tenantId}`;
    const removal = { method: 'DELETE', path: path(one.tenantId), body: { confirm: one.slug } };
    const id = await ask(ada, removal);
    await decide(bob, id);
    const remove = (tenantId: string, confirm: string) =>
      by<Problem>(ada, 'DELETE', path(tenantId), { body: { confirm }, headers: { [approvalHeader]: id } });
    refused(await remove(other.tenantId, other.slug), 403, 'approval_invalid');
    refused(await remove(one.tenantId, `${one.slug}x`), 403, 'approval_invalid');
    refused(await use(ada, id), 403, 'approval_invalid');
    refused(await use(ada, randomUUID()), 403, 'approval_invalid');
    refused(await use(ada, 'none'), 403, 'approval_invalid');
    assert.equal((await read(ada, id)).state, 'approved');
  });

  it('that its own rules refuse gives its approval back, and takes it when they allow it', async () => {
    const { api, ada, bob, policy, ask, decide, read, eventsOf, by, asAdmin } = world;
    await policy(1, 'erase_tenant');
    const { tenantId, slug } = await api.installation.createTenant({ name: 'Under way' });
    const removal = { method: 'DELETE', path: `/api/v1/tenants/${tenantId}`, body: { confirm: slug } };
    const id = await ask(ada, removal);
    await decide(bob, id);
    const remove = (key?: string) =>
      by<Problem>(ada, 'DELETE', removal.path, {
        body: removal.body,
        headers: { [approvalHeader]: id, ...(key ? { 'Idempotency-Key': key } : {}) },
      });
    refused(await remove(), 409, 'run_in_progress');
    assert.equal((await read(ada, id)).state, 'approved');
    await asAdmin(`update runs set state = 'succeeded', exclusive = false where tenant_id = $1`, [tenantId]);
    const { body: own } = await by<{ key: string }>(ada, 'POST', '/api/v1/api-keys', {
      body: { name: 'Other', permissions: ['tenants:delete'] },
    });
    const first = await remove('k1');
    const byKey = await by<Problem>(ada, 'DELETE', removal.path, {
      body: removal.body,
      headers: { [approvalHeader]: id, 'Idempotency-Key': 'k1', authorization: `Bearer ${own.key}` },
    });
    refused(byKey, 409, 'approval_over'); // what was kept for the session is not kept for the key: it would be done again
    const again = [await remove('k1'), await remove('k1')];
    assert.equal(first.status, 202, first.text);
    for (const same of again) assert.deepEqual([same.status, same.body], [202, first.body]);
    refused(await remove('k2'), 409, 'approval_over');
    refused(await remove(), 409, 'approval_over');
    assert.ok((await eventsOf(id)).includes('approval.given_back'));
  });

  it('is judged when it is asked for: who could not do it cannot have it approved', async () => {
    const { api, ada, policy, by } = world;
    await policy(1, 'erase_tenant');
    const operator = await personWith(api.installation, [{ role: 'operator' }]);
    const { tenantId } = await api.installation.createTenant({ name: 'Judged' });
    const asking = (of: object, person = ada) =>
      by<Problem>(person, 'POST', '/api/v1/approvals', { body: { reason: 'Because', ...of } });
    const path = `/api/v1/tenants/${tenantId}`;
    refused(await asking({ method: 'DELETE', path, body: { confirm: 'x' } }, operator), 403, 'forbidden');
    refused(await asking({ method: 'DELETE', path, body: { confirm: 7 } }), 400, 'invalid_request');
    refused(await asking({ method: 'DELETE', path: `${path}?x=1`, body: { confirm: 'x' } }), 400, 'invalid_request');
    refused(await asking({ method: 'DELETE', path }), 400, 'invalid_request');
    refused(await asking({ method: 'DELETE', path: '/api/v1/nothing' }), 404, 'not_found');
    refused(await asking({ method: 'DELETE', path: '/api/v1/%E0%A4%A' }), 404, 'not_found');
    refused(await asking({ method: 'DELETE', path: '/api/v1/tenants/%E0%A4%A' }), 400, 'invalid_request');
    refused(await asking({ method: 'PATCH', path, body: { name: 'x' } }), 409, 'approval_not_needed');
  });

  it('of a tenant is approved by who has it in reach, and is not there for others', async () => {
    const { api, ada, policy, ask, decide, by } = world;
    await policy(1, 'erase_tenant');
    const mine = await api.installation.createTenant({ name: 'In reach' });
    const other = await api.installation.createTenant({ name: 'Out of reach' });
    const local = await personWith(api.installation, [
      { role: 'admin', scope: { kind: 'tenant', tenantId: mine.tenantId } },
    ]);
    const [near, far] = await Promise.all(
      [mine, other].map(({ tenantId, slug }) =>
        ask(ada, { method: 'DELETE', path: `/api/v1/tenants/${tenantId}`, body: { confirm: slug } }),
      ),
    );
    const { body } = await by<{ items: Approval[] }>(local, 'GET', '/api/v1/approvals');
    assert.deepEqual(
      body.items.map(({ id }) => id),
      [near],
    );
    refused(await by<Problem>(local, 'GET', `/api/v1/approvals/${far}`), 404, 'not_found');
    refused(await decide(local, far!), 404, 'not_found');
    assert.equal((await decide(local, near!)).body.state, 'approved');
    const { body: platform } = await by(local, 'GET', '/api/v1/platform');
    assert.equal(platform['approvalsToDecide'], 0);
  });

  it('is to give a privileged role, or privileges to a role; not to give one that only looks', async () => {
    const { api, ada, bob, by, policy, ask, decide } = world;
    await policy(1, 'grant_roles');
    const { userId } = await personWith(api.installation, []);
    const path = `/api/v1/people/${userId}/roles`;
    const give = (role: string, headers = {}) =>
      by<Problem>(ada, 'POST', path, { body: { role, scope: { kind: 'platform' } }, headers });
    assert.equal((await give('auditor')).status, 201);
    refused(await give('admin'), 403, 'approval_required');
    const id = await ask(ada, { path, body: { scope: { kind: 'platform' }, role: 'admin' } });
    await decide(bob, id);
    refused(await give('owner', { [approvalHeader]: id }), 403, 'approval_invalid');
    assert.equal((await give('admin', { [approvalHeader]: id })).status, 201);

    const role = { name: 'night-shift', title: 'Night shift', permissions: ['runs:read'] };
    assert.equal((await by(ada, 'POST', '/api/v1/roles', { body: role })).status, 201);
    const change = (permissions: string[]) =>
      by<Problem>(ada, 'PATCH', '/api/v1/roles/night-shift', { body: { permissions, expectedVersion: 1 } });
    refused(await change(['runs:read', 'tenants:delete']), 403, 'approval_required');
    assert.equal((await change(['runs:read', 'runs:retry'])).status, 200);
  });

  it('is asked for and done by an API key as by its owner, who is nobody else; a key approves nothing', async () => {
    const { api, bob, policy, decide } = world;
    await policy(1);
    const { key } = await makeKey(api, { permissions: ['worker-tokens:manage', 'approvals:decide'] });
    const byKey = <Body = Approval & Problem>(path: string, body?: object, headers = {}) =>
      api.ask<Body>('POST', path, {
        cookie: null,
        ...(body ? { body } : {}),
        headers: { ...withKey(key).headers, ...headers },
      });
    const asked = await byKey('/api/v1/approvals', { method: 'POST', path: secrets, reason: 'Every quarter' });
    assert.equal(asked.status, 201, asked.text);
    const { id } = asked.body;
    const own = await api.ask<Problem>('POST', `/api/v1/approvals/${id}/decisions`, { body: { verdict: 'approve' } });
    refused(own, 403, 'approval_own');
    refused(await byKey(`/api/v1/approvals/${id}/decisions`, { verdict: 'approve' }), 403, 'key_not_allowed');
    await decide(bob, id);
    assert.equal((await byKey(secrets, undefined, { [approvalHeader]: id })).status, 201);
  });

  it('asks people by a task that closes itself, and expires', async () => {
    const { ada, bob, policy, ask, decide, use, read, eventsOf, by, asAdmin } = world;
    await policy(1);
    const openTasks = async (id: string) =>
      (await by<{ items: { subjectId: string; may: object }[] }>(bob, 'GET', '/api/v1/tasks?state=open&kind=approval'))
        .body.items.filter(({ subjectId }) => subjectId === id).length; // prettier-ignore
    const id = await ask(ada);
    assert.equal(await openTasks(id), 1);
    const { body } = await by<{ approvalsToDecide: number }>(bob, 'GET', '/api/v1/platform');
    assert.ok(body.approvalsToDecide >= 1);
    await decide(bob, id);
    assert.equal(await openTasks(id), 0);
    await asAdmin(`update approvals set expires_at = now() where id = $1`, [id]);
    refused(await use(ada, id), 409, 'approval_over');
    assert.equal((await read(ada, id)).state, 'expired');
    await expireApprovals(world.api.installation.em);
    assert.equal((await eventsOf(id)).at(-1), 'approval.expired');
    assert.notEqual(await ask(ada), id);
  });

  it('keeps its request sealed and out of the events', async () => {
    const { api, ada, bob, policy, ask, by, asAdmin } = world;
    await policy(1, 'erase_tenant');
    const { tenantId, slug } = await api.installation.createTenant({ name: 'Sealed', slug: 'canary-slug' });
    const id = await ask(ada, {
      method: 'DELETE',
      path: `/api/v1/tenants/${tenantId}`,
      body: { confirm: slug },
      reason: 'canary reason',
    });
    await by(bob, 'POST', `/api/v1/approvals/${id}/decisions`, { body: { verdict: 'approve', note: 'canary note' } });
    const [kept] = await asAdmin<{ text: string }>(
      `select (select json_agg(a)::text from approvals a where id = $1) ||
              (select json_agg(d)::text from approval_decisions d where approval_id = $1) ||
              (select json_agg(e)::text from events e where stream = 'approval:' || $1) as text`,
      [id],
    );
    assert.doesNotMatch(kept!.text, /canary/);
    assert.doesNotMatch(kept!.text, new RegExp(Buffer.from('canary').toString('hex')));
    assert.doesNotMatch(api.logLines.join(), /canary/);
  });
});
