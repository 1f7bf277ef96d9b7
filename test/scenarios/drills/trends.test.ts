import assert from 'node:assert/strict';
import { usualBackupRules } from '#contracts/backups/policies.ts';
import { viewPlanTrend, viewTenantTrend } from '#domain/backups/reports/viewTrend.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import { is } from '../backups/backupWorld.ts';
import { plantHistory } from './plantHistory.ts';

const dayMs = 86_400_000;
const everything = { everything: true, plans: new Set<string>(), tenants: new Set<string>(), within: null };

describe('the trend of RPO and RTO', () => {
  let installation: TestInstallation;
  let tenantId: string;

  before(async () => {
    installation = await TestInstallation.start();
    await installation.startWorker();
    ({ tenantId } = await installation.provision({ name: 'Has a past' }));
    await plantHistory(installation, tenantId, 30);
  });
  after(() => installation.stop());

  const dayOf = (ago: number) => new Date(Date.now() - ago * dayMs).toISOString().slice(0, 10);

  it('tells of each day how old the newest backup was at worst, and which drill measured how long a restore takes', async () => {
    const { days, rpo, rto, from, to } = await viewTenantTrend(installation.em, tenantId, 60);
    assert.deepEqual([days.length, from, to], [60, dayOf(59), dayOf(0)]);
    const of = (ago: number) => days.find(({ day }) => day === dayOf(ago))!;
    assert.deepEqual([of(31).rpoSeconds, of(31).measured], [null, 0], 'before the first there was nothing to lose');
    // The copy of 02:00 is there at 02:03, when the one before is a day and three minutes old.
    assert.equal(of(20).rpoSeconds, (24 * 60 + 3) * 60);
    assert.equal(of(30).rpoSeconds, 22 * 3_600, 'the first grew until midnight');
    // None was made ten days ago: the one before grew until the next one was there.
    assert.equal(of(10).rpoSeconds, 46 * 3_600);
    assert.equal(of(9).rpoSeconds, (48 * 60 + 3) * 60);
    assert.deepEqual([of(10).over, of(9).over, of(8).over], [1, 1, 0]);
    assert.equal(rpo.worstSeconds, (48 * 60 + 3) * 60);
    assert.deepEqual([of(20).drills, of(20).rtoMs, of(19).rtoMs], [1, 1_700, null]);
    assert.match(of(20).drillId!, /^[0-9a-f-]{36}$/);
    assert.deepEqual(rto, { worstMs: 2_100, medianMs: 1_700, measured: 2, missed: 0 });
  });

  it('tells of a plan its worst tenant and the one in the middle, and only of those in reach', async () => {
    const late = await installation.provision({ name: 'Is seldom backed up' });
    await installation.asAdmin(
      null,
      `insert into backups (id, tenant_id, run_id, cause, state, started_at, at, finished_at)
       select gen_random_uuid(), $1, id, 'asked', 'kept', now() - interval '5 days', now() - interval '5 days', now() - interval '5 days'
       from runs where tenant_id = $1 limit 1`,
      [late.tenantId],
    );
    const { days, rpoTargetSeconds } = await viewPlanTrend(installation.em, 'standard', 7, everything);
    assert.equal(rpoTargetSeconds, usualBackupRules.rpoMinutes * 60);
    const today = days.at(-1)!;
    assert.equal(today.measured, 2);
    assert.ok(Math.abs(today.rpoSeconds! - 5 * 86_400) < 600, String(today.rpoSeconds));
    assert.ok(today.medianRpoSeconds! < today.rpoSeconds!);
    const theirs = await viewPlanTrend(installation.em, 'standard', 7, {
      ...everything,
      everything: false,
      tenants: new Set([late.tenantId]),
    });
    assert.equal(theirs.days.at(-1)?.measured, 1);
    await assert.rejects(viewPlanTrend(installation.em, 'none', 7, everything), is('not_found'));
    await assert.rejects(viewTenantTrend(installation.em, '00000000-0000-4000-8000-000000000000', 7), is('not_found'));
  });
}).timeout(60_000);
