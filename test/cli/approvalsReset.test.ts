import assert from 'node:assert/strict';
import { ApiInstallation } from '#test/api/apiInstallation.ts';
import { tenantry } from './tenantry.ts';

describe('tenantry approvals reset', () => {
  it('lets a last owner go on whom nobody is left to approve, and tells it in the audit', async () => {
    const api = await ApiInstallation.start();
    try {
      await api.installation.asAdmin(
        null,
        `insert into approval_policies (act, required, lives_hours) values ('rotate_key', 2, 24), ('failover', 0, 24)`,
      );
      assert.equal((await api.ask('POST', '/api/v1/signing-secrets')).status, 403);
      const { code, said } = await tenantry(['approvals', 'reset'], api.installation.env);
      assert.equal(code, 0, said);
      assert.match(said, /^No longer in need of approval: rotate_key\./);
      assert.equal((await api.ask('POST', '/api/v1/signing-secrets')).status, 201);
      const events = await api.installation.asAdmin<{ data: object; actor_kind: string }>(
        null,
        `select data, actor_kind from events where type = 'approval.policies_reset'`,
      );
      assert.deepEqual(events, [{ data: { before: { rotate_key: 2, failover: 0 } }, actor_kind: 'system' }]);
      assert.match((await tenantry(['approvals', 'reset'], api.installation.env)).said, /^Nothing needed approval/);
    } finally {
      await api.stop();
    }
  });
});
