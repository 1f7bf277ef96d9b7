import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { approvalHeader } from '#contracts/approvals/approvals.ts';
import type { Problem } from '#contracts/problems.ts';
import { personWith } from '../personWith.ts';
import { refused, threeOwners, type ThreeOwners } from './threeOwners.ts';

const everywhere = { kind: 'platform' } as const;

describe('who must have roles approved', () => {
  let world: ThreeOwners;
  before(async () => (world = await threeOwners()));
  after(() => world?.api.stop());

  it('cannot give them to a second account of their own by inviting it', async () => {
    const { ada, bob, policy, ask, decide, by } = world;
    await policy(1, 'grant_roles');
    const body = (role: string) => ({ email: `${randomUUID()}@example.org`, roles: [{ role, scope: everywhere }] });
    const invite = (what: object, id?: string) =>
      by<Problem>(ada, 'POST', '/api/v1/people', { body: what, ...(id ? { headers: { [approvalHeader]: id } } : {}) });
    refused(await invite(body('owner')), 403, 'approval_required');
    refused(await invite(body('admin')), 403, 'approval_required');
    assert.equal((await invite(body('auditor'))).status, 201, 'who only looks needs nobody');
    assert.equal((await invite({ email: `${randomUUID()}@example.org` })).status, 201);

    const second = body('owner');
    const id = await ask(ada, { method: 'POST', path: '/api/v1/people', body: second });
    await decide(bob, id);
    refused(await invite(body('owner'), id), 403, 'approval_invalid');
    assert.equal((await invite(second, id)).status, 201);
  });

  it('cannot put more into a role once it is approved that somebody is given it', async () => {
    const { api, ada, bob, policy, ask, decide, by } = world;
    await policy(1, 'grant_roles');
    const { userId } = await personWith(api.installation, []);
    const make = async (...permissions: string[]) => {
      const body = { name: 'reviewer', title: 'Reviewer', permissions };
      assert.equal((await by(ada, 'POST', '/api/v1/roles', { body })).status, 201);
    };
    const unmake = async () => assert.equal((await by(ada, 'DELETE', '/api/v1/roles/reviewer')).status, 204);
    const body = { role: 'reviewer', scope: everywhere };
    const path = `/api/v1/people/${userId}/roles`;
    await make('approvals:decide');
    const id = await ask(ada, { method: 'POST', path, body });
    await decide(bob, id);
    const give = () => by<Problem>(ada, 'POST', path, { body, headers: { [approvalHeader]: id } });
    await unmake();
    await make('approvals:decide', 'roles:manage', 'roles:assign', 'tenants:delete');
    refused(await give(), 403, 'approval_invalid');
    await unmake();
    await make('approvals:decide');
    assert.equal((await give()).status, 201);
  });
});
