import assert from 'node:assert/strict';
import type { DangerousAct } from '#contracts/approvals/acts.ts';
import { approvalHeader, type Approval } from '#contracts/approvals/approvals.ts';
import type { Problem } from '#contracts/problems.ts';
import { ApiInstallation, type Asking } from '../apiInstallation.ts';
import { personWith } from '../personWith.ts';

describe('the policy of a dangerous act', () => {
  let api: ApiInstallation;
  before(async () => (api = await ApiInstallation.start()));
  after(() => api.stop());

  const change = (act: DangerousAct, body: object, asking: Asking = {}) =>
    api.ask<Problem>('PATCH', `/api/v1/approval-policies/${act}`, { body, ...asking });

  it('cannot ask for more than there are besides the one who asks: a single owner locks nobody out', async () => {
    const alone = await change('erase_tenant', { expected: 0, required: 1 });
    assert.deepEqual([alone.status, alone.body.code], [409, 'approvers_too_few']);
    await personWith(api.installation, [{ role: 'admin' }]);
    assert.equal((await change('erase_tenant', { expected: 0, required: 1 })).status, 200);
    assert.equal((await change('erase_tenant', { expected: 1, required: 2 })).body.code, 'approvers_too_few');
  });

  it('asks for fewer only with as many approvals as it asked for so far', async () => {
    const lower = { expected: 1, required: 0 };
    const refused = await change('erase_tenant', lower);
    assert.deepEqual([refused.status, refused.body.code], [403, 'approval_required']);
    assert.deepEqual(refused.body.approval, { act: 'change_approvals', required: 1 });
    // Pretending not to know the present number does not help.
    assert.equal((await change('erase_tenant', { expected: 0, required: 0 })).body.code, 'approval_required');
    const asked = await api.ask<Approval>('POST', '/api/v1/approvals', {
      body: { method: 'PATCH', path: '/api/v1/approval-policies/erase_tenant', body: lower, reason: 'Too slow' },
    });
    const admin = await personWith(api.installation, [{ role: 'admin' }]);
    const verdict = { cookie: admin.cookie, body: { verdict: 'approve' } };
    await api.ask('POST', `/api/v1/approvals/${asked.body.id}/decisions`, verdict);
    const done = await change('erase_tenant', lower, { headers: { [approvalHeader]: asked.body.id } });
    assert.equal(done.status, 200, done.text);
  });

  it('that was changed meanwhile is not changed by what was decided on before', async () => {
    assert.equal((await change('failover', { expected: 2, required: 1 })).body.code, 'approval_required');
    assert.equal((await change('failover', { expected: 0, required: 1 })).status, 200);
    assert.equal((await change('failover', { expected: 0, required: 2 })).body.code, 'approval_policy_moved');
  });
});
