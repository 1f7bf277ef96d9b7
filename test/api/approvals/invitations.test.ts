import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { approvalHeader } from '#contracts/approvals/approvals.ts';
import type { Problem } from '#contracts/problems.ts';
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
});
