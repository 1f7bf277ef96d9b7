import assert from 'node:assert/strict';
import { approvalHeader } from '#contracts/approvals/approvals.ts';
import type { License } from '#contracts/licenses/licenses.ts';
import type { Problem } from '#contracts/problems.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { registerTenant } from '#domain/tenants/registerTenant.ts';
import { refused, threeOwners, type ThreeOwners } from '../approvals/threeOwners.ts';
import { smallPolicy } from './smallPolicy.ts';

describe('revoking a licence where others must approve', () => {
  let world: ThreeOwners;
  before(async () => (world = await threeOwners()));
  after(() => world?.api.stop());

  async function licensed(): Promise<License> {
    const { installation } = world.api;
    const { tenantId } = await installation.em.transactional((em) =>
      registerTenant(em, installation.platform.tenantKeys, { name: `Tenant ${Date.now()}` }, theSystem),
    );
    await world.asAdmin(`update tenants set state = 'active' where id = $1`, [tenantId]);
    const name = `p-${Date.now()}`;
    await world.api.ask('POST', `/api/v1/license-policies/${name}/versions`, {
      body: { baseVersion: 0, rules: smallPolicy },
    });
    const body = { policy: { name, version: 1 } };
    return (await world.api.ask<License>('POST', `/api/v1/tenants/${tenantId}/licenses`, { body })).body;
  }

  it('needs nobody until somebody chooses so', async () => {
    const { id } = await licensed();
    const answer = await world.by<License>(world.ada, 'POST', `/api/v1/licenses/${id}/revoke`, { body: {} });
    assert.deepEqual([answer.status, answer.body.state], [200, 'revoked']);
  });

  it('is refused until another has approved exactly this, and is done then', async () => {
    const { ada, bob, by, policy, ask, decide } = world;
    await policy(1, 'revoke_license');
    const { id } = await licensed();
    const path = `/api/v1/licenses/${id}/revoke`;
    const body = { reason: 'unpaid' };
    const alone = await by<Problem>(ada, 'POST', path, { body });
    refused(alone, 403, 'approval_required');
    assert.deepEqual(alone.body.approval, { act: 'revoke_license', required: 1 });

    const approvalId = await ask(ada, { path, body, reason: 'Three invoices are open.' });
    await decide(bob, approvalId);
    const headers = { [approvalHeader]: approvalId };
    refused(await by<Problem>(ada, 'POST', path, { body: { reason: 'misuse' }, headers }), 403, 'approval_invalid');
    assert.equal((await world.api.ask<License>('GET', `/api/v1/licenses/${id}`)).body.state, 'active');
    const answer = await by<License>(ada, 'POST', path, { body, headers });
    assert.deepEqual([answer.status, answer.body.state], [200, 'revoked']);
  });
});
