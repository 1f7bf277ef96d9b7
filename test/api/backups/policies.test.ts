import assert from 'node:assert/strict';
import { usualBackupRules, type BackupPolicy, type BackupRules } from '#contracts/backups/policies.ts';
import type { Problem } from '#contracts/problems.ts';
import { ApiInstallation } from '../apiInstallation.ts';
import { personWith } from '../personWith.ts';

const path = '/api/v1/plans/standard/backups';

describe('what plans promise of backups', () => {
  let api: ApiInstallation;
  before(async () => (api = await ApiInstallation.start()));
  after(() => api.stop());

  const read = async () => (await api.ask<BackupPolicy>('GET', path)).body;
  const change = (rules: Partial<BackupRules> | object, expectedVersion: number) =>
    api.ask<BackupPolicy & Problem>('PATCH', path, {
      body: { rules: { ...usualBackupRules, ...rules }, expectedVersion },
    });
  const refusedFields = async (rules: object) => {
    const { status, body } = await change(rules, 1);
    assert.equal(status, 400);
    return body.fields?.map((field) => `${field.path} ${field.message}`);
  };
  const eventsOf = (plan: string) =>
    api.installation.asAdmin<{ type: string }>(null, 'select type from events where stream = $1 order by version', [
      `plan:${plan}`,
    ]);

  it('are the usual until somebody says otherwise, also of a plan that comes later', async () => {
    const policy = await read();
    assert.deepEqual(policy.rules, usualBackupRules);
    assert.equal(policy.nextAt?.slice(11), '01:00:00.000Z');
    assert.ok(Date.parse(policy.nextAt) > Date.now());
    await api.installation.addPlan('later', []);
    const { body } = await api.ask<BackupPolicy>('GET', '/api/v1/plans/later/backups');
    assert.deepEqual(body.rules, usualBackupRules);
    assert.equal((await api.ask('GET', '/api/v1/plans/nowhere/backups')).status, 404);
  });

  it('change at once, for whoever knows what they change, and not for the other of two', async () => {
    const { version } = await read();
    const [one, other] = await Promise.all([change({ everyHours: 12 }, version), change({ everyHours: 6 }, version)]);
    assert.deepEqual([one.status, other.status].toSorted(), [200, 409]);
    const lost = one.status === 409 ? one : other;
    assert.equal(lost.body.code, 'plan_moved');
    const kept = await read();
    assert.equal(kept.version, version + 1);
    const off = await change({ enabled: false }, kept.version);
    assert.equal(off.body.nextAt, null);
    const on = await change({ everyHours: 1, at: '00:59', windowMinutes: 60 }, kept.version + 1);
    assert.equal(on.body.nextAt?.slice(14), '59:00.000Z');
    assert.deepEqual(
      (await eventsOf('standard')).map(({ type }) => type),
      ['plan.backups_changed', 'plan.backups_changed', 'plan.backups_changed'],
    );
  });

  it('are paused with a reason that everybody sees, and go on', async () => {
    const paused = await api.ask<BackupPolicy>('POST', `${path}/pause`, { body: { reason: 'The bucket moves.' } });
    assert.equal(paused.body.nextAt, null);
    assert.deepEqual(
      { ...paused.body.paused, at: null },
      { at: null, by: 'owner@example.org', reason: 'The bucket moves.' },
    );
    const changed = await change({}, paused.body.version);
    assert.equal(changed.body.nextAt, null, 'a change does not resume it');
    const again = await api.ask<BackupPolicy>('POST', `${path}/pause`, { body: { reason: 'Still.' } });
    assert.equal(again.body.paused?.at, paused.body.paused?.at);
    for (let times = 0; times < 2; times++) {
      const { body } = await api.ask<BackupPolicy>('POST', `${path}/resume`);
      assert.equal(body.paused, null);
      assert.ok(body.nextAt);
    }
    assert.equal((await api.ask('POST', `${path}/pause`, { body: { reason: ' ' } })).status, 400);
    assert.equal((await api.ask('POST', '/api/v1/plans/nowhere/backups/pause', { body: { reason: 'x' } })).status, 404);
  });

  it('refuse what cannot be kept', async () => {
    assert.deepEqual(await refusedFields({ everyHours: 5 }), [
      'rules.everyHours must be one of 1, 2, 3, 4, 6, 8, 12, 24',
    ]);
    assert.deepEqual(await refusedFields({ everyHours: 2, windowMinutes: 121 }), [
      'rules.windowMinutes must not be longer than the time to the next window',
    ]);
    assert.deepEqual(await refusedFields({ rpoMinutes: 1_439 }), [
      'rules.rpoMinutes must not be shorter than the time between two backups',
    ]);
    assert.deepEqual(await refusedFields({ at: '24:00' }), ['rules.at must be a time like 01:30']);
    assert.deepEqual(await refusedFields({ often: true }), ['rules.often is unknown']);
    const keep = { ...usualBackupRules.keep, last: 0 };
    assert.equal((await refusedFields({ keep }))?.length, 1, 'nobody can ask for no backup to be kept');
  });

  it('are read by auditors, and changed by operators', async () => {
    const as = async (role: string) => {
      const { cookie } = await personWith(api.installation, [{ role }]);
      const reads = await api.ask('GET', path, { cookie });
      const pauses = await api.ask('POST', `${path}/pause`, { cookie, body: { reason: 'Because.' } });
      return [reads.status, pauses.status];
    };
    assert.deepEqual(await as('auditor'), [200, 403]);
    assert.deepEqual(await as('operator'), [200, 200]);
  });
});
