import assert from 'node:assert/strict';
import type { ScheduledKind } from '#contracts/schedules.ts';
import { LicensingWorld } from './licensingWorld.ts';

describe('licences while a worker runs', () => {
  let world: LicensingWorld;
  before(async () => {
    world = await LicensingWorld.start();
    await world.api.installation.startWorker();
  });
  after(() => world.stop());

  /** As soon as the worker has made its schedule. */
  const trigger = (kind: ScheduledKind) =>
    world.api.installation.until(`${kind} to be triggered`, 20_000, async () => {
      const { status } = await world.api.ask('POST', `/api/v1/schedules/${kind}/trigger`);
      return status === 202;
    });

  it('lose what was granted for a while, and those who fell silent, by their schedules', async () => {
    const { id } = await world.licensed({ seats: { limit: 1, heartbeatSeconds: 10 } });
    const taken = await world.api.ask('POST', '/api/v1/licenses/check-out', {
      body: { licenseId: id, kind: 'seat', holder: 'ann' },
    });
    assert.equal(taken.status, 200, taken.text);
    const until = new Date(Date.now() + 60_000).toISOString();
    const set = await world.change(id, 'overrides', { name: 'beta', entitlement: { flag: true }, until });
    assert.deepEqual(set.body.entitlements, { beta: { flag: true } });
    await world.api.installation.asAdmin(null, `update license_uses set dies_at = now() where license_id = $1`, [id]);
    await world.api.installation.asAdmin(null, `update license_overrides set until = now() where license_id = $1`, [
      id,
    ]);
    await world.api.installation.asAdmin(
      null,
      `update license_dues set due_at = now(), ends_at = now() where license_id = $1 and kind = 'override_end'`,
      [id],
    );
    await trigger('cullLicenseUses');
    await trigger('expireLicenseOverrides');
    await world.api.installation.until('both to be taken away', 20_000, async () => {
      const [left] = await world.api.installation.asAdmin<{ count: number }>(
        null,
        `select (select count(*) from license_uses where license_id = $1)::int
              + (select count(*) from license_overrides where license_id = $1)::int as count`,
        [id],
      );
      return left!.count === 0;
    });
    const { body } = await world.api.ask('GET', `/api/v1/licenses/${id}`);
    assert.deepEqual([body['serial'], body['entitlements']], [3, {}]);
  });

  it('end, and are reminded of, by their schedules', async () => {
    const { installation } = world.api;
    const policy = await world.policy({ graceDays: 30, reminders: { before: [7], after: [1] } });
    const ends = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
    const issued = await Promise.all(
      [3, 20, 5].map(async (days) => (await world.issue(await world.tenant(), { policy, expiresAt: ends(days) })).body),
    );
    const [over, soon, later] = issued.map(({ id }) => id);
    // A registry that is some weeks older: what was due meanwhile was done by nobody.
    for (const [id, days] of [
      [over, 5],
      [soon, 14],
    ] as const) {
      for (const [table, columns] of [
        ['licenses', ['starts_at', 'expires_at', 'over_at']],
        ['license_dues', ['due_at', 'ends_at']],
      ] as const)
        await installation.asAdmin(
          null,
          `update ${table} set ${columns.map((column) => `${column} = ${column} - interval '${days} days'`).join(', ')}
           where ${table === 'licenses' ? 'id' : 'license_id'} = $1`,
          [id],
        );
    }
    await trigger('endLicenses');
    await trigger('remindOfLicenses');
    const told = async (id: string | undefined) => (await world.events(id ?? '')).map(({ type }) => type);
    await installation.until('the end and the reminder to be told', 30_000, async () => {
      const both = [...(await told(over)), ...(await told(soon))];
      return both.includes('license.expired') && both.filter((type) => type === 'license.reminded').length === 2;
    });
    assert.deepEqual(await told(over), ['license.issued', 'license.expired', 'license.reminded']);
    assert.deepEqual(await told(soon), ['license.issued', 'license.reminded']);
    assert.deepEqual(await told(later), ['license.issued']);
  });

  it('end once when the times of hours are made up for, one after the other', async () => {
    const { installation } = world.api;
    const policy = await world.policy({ reminders: { before: [], after: [] } });
    const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
    const { body } = await world.issue(await world.tenant(), { policy, expiresAt });
    for (const [table, column, key] of [
      ['licenses', 'starts_at', 'id'],
      ['licenses', 'expires_at', 'id'],
      ['licenses', 'over_at', 'id'],
      ['license_dues', 'due_at', 'license_id'],
      ['license_dues', 'ends_at', 'license_id'],
    ] as const)
      await installation.asAdmin(
        null,
        `update ${table} set ${column} = ${column} - interval '25 hours' where ${key} = $1`,
        [body.id],
      );
    const [from, to] = [-10, 0].map((minutes) => new Date(Date.now() + minutes * 60_000).toISOString());
    const made = await world.api.ask('POST', '/api/v1/schedules/endLicenses/backfill', { body: { from, to } });
    assert.equal(made.status, 202, made.text);
    const ends = async () => (await world.events(body.id)).filter(({ type }) => type === 'license.expired').length;
    await installation.until('it to end', 30_000, async () => (await ends()) > 0);
    await installation.until('all the times to be over', 30_000, async () => {
      const { body: seen } = await world.api.ask<{ recent: { isRunning: boolean }[] }>(
        'GET',
        '/api/v1/schedules/endLicenses',
      );
      return seen.recent.length >= 2 && seen.recent.every(({ isRunning }) => !isRunning);
    });
    assert.equal(await ends(), 1);
  });
}).timeout(120_000);
