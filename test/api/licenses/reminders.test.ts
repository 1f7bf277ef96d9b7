import assert from 'node:assert/strict';
import { drainReminders } from '#domain/licenses/dues/drainReminders.ts';
import { DueWorld } from './dueWorld.ts';

const noon = (day: string): string => `${day}T12:00:00Z`;

describe('reminders of licences, by the clock that is given', () => {
  let due: DueWorld;
  before(async () => (due = await DueWorld.start()));
  after(() => due.stop());

  it('go out on each of their days, once, by mail and event, and none before', async () => {
    const licence = await due.ending(noon('2030-06-30'));
    const days: [string, string[]][] = [
      ['2030-05-01T11:59:59Z', []],
      ['2030-05-01T12:00:00Z', ['-60']],
      ['2030-05-02T12:00:00Z', ['-60']],
      ['2030-05-31T12:00:00Z', ['-60', '-30']],
      ['2030-06-16T12:00:00Z', ['-60', '-30', '-14']],
      ['2030-06-23T18:00:00Z', ['-60', '-30', '-14', '-7']],
      ['2030-06-29T12:00:00Z', ['-60', '-30', '-14', '-7', '-1']],
      ['2030-06-30T12:00:00Z', ['-60', '-30', '-14', '-7', '-1', 'expired']],
      ['2030-07-01T12:00:00Z', ['-60', '-30', '-14', '-7', '-1', 'expired', '1']],
      ['2030-07-09T00:00:00Z', ['-60', '-30', '-14', '-7', '-1', 'expired', '1', '7']],
      ['2035-01-01T00:00:00Z', ['-60', '-30', '-14', '-7', '-1', 'expired', '1', '7']],
    ];
    for (const [now, expected] of days) {
      await due.drain(now);
      assert.deepEqual(await due.told(licence.id), expected, now);
    }
    assert.deepEqual(await due.mails(licence), [
      'The licence of suite ends in 60 days',
      'The licence of suite ends in 30 days',
      'The licence of suite ends in 14 days',
      'The licence of suite ends in 7 days',
      'The licence of suite ends in 1 day',
      'The licence of suite has ended',
      'The licence of suite ended 1 day ago',
      'The licence of suite ended 8 days ago',
    ]);
    assert.deepEqual(await due.open(licence.id), []);
  });

  it('wait until every end by then is told, or an older one would go out before the newest', async () => {
    const rules = { graceDays: 2, onExpiry: 'degrade', reminders: { before: [], after: [1, 4] } };
    const licence = await due.ending(noon('2030-06-30'), rules);
    await due.drain(noon('2030-06-30'));
    const { em, platform } = due.installation;
    const later = noon('2030-07-10');
    // The drain of ends is late; nobody was there between the end and ten days after it.
    assert.equal((await drainReminders(em, platform, new Date(later))).licences, 0);
    await due.drain(later);
    assert.deepEqual(await due.told(licence.id), ['expired', 'grace_ended', '(1 newer_reminder)', '4']);
  });

  const calendar: [string, string, object, string[]][] = [
    [
      'a leap day',
      '2028-02-29T12:00:00Z',
      { reminders: { before: [30, 1], after: [1, 366] } },
      [
        'reminder -30 2028-01-30T12:00:00',
        'reminder -1 2028-02-28T12:00:00',
        'expiry 2028-02-29T12:00:00',
        'reminder 1 2028-03-01T12:00:00',
        'reminder 366 2029-03-01T12:00:00',
      ],
    ],
    [
      'the night in which clocks go forward',
      '2027-03-28T02:30:00Z',
      { reminders: { before: [7, 1], after: [] } },
      ['reminder -7 2027-03-21T02:30:00', 'reminder -1 2027-03-27T02:30:00', 'expiry 2027-03-28T02:30:00'],
    ],
    [
      'the night in which they go back',
      '2027-10-31T01:30:00Z',
      { reminders: { before: [1], after: [1] } },
      ['reminder -1 2027-10-30T01:30:00', 'expiry 2027-10-31T01:30:00', 'reminder 1 2027-11-01T01:30:00'],
    ],
    [
      'the end of all time',
      '2199-12-31T23:59:59Z',
      { reminders: { before: [1], after: [3650] } },
      ['reminder -1 2199-12-30T23:59:59', 'expiry 2199-12-31T23:59:59', 'reminder 3650 2209-12-29T23:59:59'],
    ],
  ];
  for (const [what, end, rules, expected] of calendar)
    it(`are due whole days of UTC before and after ${what}`, async () => {
      const { id } = await due.ending(end, rules);
      assert.deepEqual(await due.open(id), expected);
    });

  it('of a month that is shorter than the day are counted from its last day', async () => {
    const policy = await due.world.policy({
      term: { kind: 'term', period: 'P1M' },
      reminders: { before: [1], after: [] },
    });
    const { body } = await due.world.issue(await due.tenant(), { policy, startsAt: '2031-01-31T08:00:00Z' });
    assert.deepEqual(await due.open(body.id), ['reminder -1 2031-02-27T08:00:00', 'expiry 2031-02-28T08:00:00']);
  });

  it('that nobody was there to send are overtaken by the newest of them, and say so', async () => {
    const licence = await due.ending(noon('2030-06-30'));
    await due.drain('2030-06-20T12:00:00Z');
    assert.deepEqual(await due.told(licence.id), ['(-60 newer_reminder)', '(-30 newer_reminder)', '-14']);
    assert.deepEqual(await due.mails(licence), ['The licence of suite ends in 10 days']);
    const passed = (await due.dues(licence.id)).filter(({ state }) => state === 'passed');
    assert.deepEqual(
      passed.map(({ days, why }) => [days, why]),
      [
        [-60, 'newer_reminder'],
        [-30, 'newer_reminder'],
      ],
    );
  });

  it('do not say after the end what was to be said before it, and the end is told before what follows it', async () => {
    const licence = await due.ending(noon('2030-06-30'));
    const { em, platform } = due.installation;
    const late = new Date('2030-07-10T00:00:00Z');
    while ((await drainReminders(em, platform, late)).licences > 0);
    assert.deepEqual(
      await due.told(licence.id),
      ['(-60 ended)', '(-30 ended)', '(-14 ended)', '(-7 ended)', '(-1 ended)'],
      'those after the end wait until it is told',
    );
    await due.drain(late.toISOString());
    assert.deepEqual((await due.told(licence.id)).slice(5), ['expired', '(1 newer_reminder)', '7']);
  });

  it('are none where their day was over when the licence was issued', async () => {
    const soon = new Date(Date.now() + 10 * 86_400_000).toISOString();
    const { id } = await due.ending(soon);
    const days = (await due.dues(id)).filter(({ kind }) => kind === 'reminder').map(({ days: one }) => one);
    assert.deepEqual(days, [-7, -1, 1, 7]);
  });

  it('are sent once, however many drain at the same time, and when the clock goes back', async () => {
    const licences = await Promise.all(Array.from({ length: 30 }, () => due.ending(noon('2031-06-30'))));
    const { platform } = due.installation;
    const now = new Date('2031-06-23T13:00:00Z');
    const drainer = async () => {
      for (let round = 0; round < 10; round++) await drainReminders(due.installation.em, platform, now, 7);
    };
    await Promise.all([drainer(), drainer(), drainer(), drainer()]);
    await due.drain('2031-06-23T12:00:00Z');
    await due.drain(now.toISOString());
    for (const licence of licences) {
      const told = await due.told(licence.id);
      assert.deepEqual(told.slice(-1), ['-7']);
      assert.equal(told.filter((one) => !one.startsWith('(')).length, 1);
      assert.equal((await due.mails(licence)).length, 1);
    }
  });

  it('are dropped with the end that they are of: when it is renewed, revoked, or given to another tenant', async () => {
    const renewed = await due.ending(noon('2030-06-30'));
    await due.drain('2030-06-01T00:00:00Z');
    await due.moveEnd(renewed.id, noon('2031-06-30'), '2030-06-02T00:00:00Z');
    assert.deepEqual((await due.open(renewed.id))[0], 'reminder -60 2031-05-01T12:00:00');
    await due.drain('2030-07-30T00:00:00Z');
    assert.deepEqual(await due.told(renewed.id), ['(-60 newer_reminder)', '-30']);

    const revoked = await due.ending(noon('2030-06-30'));
    await due.world.change(revoked.id, 'revoke', {});
    assert.deepEqual(await due.dues(revoked.id), []);

    const given = await due.ending(noon('2030-06-30'), { transferable: true });
    const { body: taken } = await due.world.change(given.id, 'transfer', { to: await due.tenant() });
    assert.deepEqual(await due.dues(given.id), []);
    assert.equal((await due.open(taken.id)).length, 8);
  });

  it('follow the policy by which the licence is reissued, and what was sent is not sent again', async () => {
    const licence = await due.ending(noon('2030-06-30'), { reminders: { before: [30, 7], after: [] } });
    await due.drain('2030-06-01T00:00:00Z');
    const policy = await due.world.policy({ reminders: { before: [30, 21, 3], after: [2] } });
    await due.world.change(licence.id, 'reissue', { policy });
    assert.deepEqual(await due.open(licence.id), [
      'reminder -21 2030-06-09T12:00:00',
      'reminder -3 2030-06-27T12:00:00',
      'expiry 2030-06-30T12:00:00',
      'reminder 2 2030-07-02T12:00:00',
    ]);
    await due.drain('2030-06-28T00:00:00Z');
    assert.deepEqual(await due.told(licence.id), ['-30', '(-21 newer_reminder)', '-3']);
  });

  it('pass in silence while something is suspended, unless the policy says otherwise', async () => {
    const silent = await due.ending(noon('2030-06-30'));
    const loud = await due.ending(noon('2030-06-30'), { whileSuspended: 'remind' });
    const ofSuspended = await due.ending(noon('2030-06-30'));
    await due.world.change(silent.id, 'suspend');
    await due.world.change(loud.id, 'suspend');
    await due.sql(`update tenants set state = 'suspended' where id = $1`, [ofSuspended.tenantId]);
    await due.drain(noon('2030-05-02'));
    assert.deepEqual(await due.told(silent.id), ['(-60 suspended)']);
    assert.deepEqual(await due.told(ofSuspended.id), ['(-60 suspended)']);
    assert.deepEqual(await due.told(loud.id), ['-60']);
    await due.world.change(silent.id, 'reinstate');
    await due.drain(noon('2030-06-01'));
    assert.deepEqual(await due.told(silent.id), ['(-60 suspended)', '-30'], 'what passed does not come back');
    await due.sql(`update tenants set state = 'offboarding' where id = $1`, [loud.tenantId]);
    await due.drain(noon('2030-06-17'));
    assert.deepEqual(await due.told(loud.id), ['-60', '-30', '(-14 tenant_leaving)']);
  });

  it('say whether somebody has to do something about it', async () => {
    const rules = { renewal: { mode: 'auto' }, trialDays: 30 };
    const [renewed, ended, trial] = [
      await due.ending(noon('2030-06-30'), rules),
      await due.ending(noon('2030-06-30'), rules),
      await due.ending(noon('2030-06-30'), rules, { trial: true }),
    ];
    await due.world.change(ended.id, 'cancel-at-term-end');
    await due.drain(noon('2030-05-02'));
    for (const [licence, expected] of [
      [renewed, /you need not do anything/],
      [ended, /Renew it before/],
      [trial, /Renew it before/],
    ] as const)
      assert.match((await due.texts(licence))[0]!.text, expected);
  });

  it('of others go out when one of them cannot be dealt with, which is tried again later', async () => {
    const [broken, whole] = [await due.ending(noon('2033-06-30')), await due.ending(noon('2033-06-30'))];
    const [{ admin_sealed: sealed } = { admin_sealed: null }] = await due.sql<{ admin_sealed: Buffer }>(
      'select admin_sealed from tenants where id = $1',
      [broken.tenantId],
    );
    await due.sql(`update tenants set admin_sealed = '\\x00' where id = $1`, [broken.tenantId]);
    const { em, platform } = due.installation;
    const { failed } = await drainReminders(em, platform, new Date('2033-05-02T00:00:00Z'));
    assert.deepEqual(
      failed.map(({ licenseId }) => licenseId),
      [broken.id],
    );
    assert.deepEqual([await due.told(broken.id), await due.told(whole.id)], [[], ['-60']]);
    await due.sql(`update tenants set admin_sealed = $2 where id = $1`, [broken.tenantId, sealed]);
    await due.drain('2033-05-02T00:04:59Z');
    assert.deepEqual(await due.told(broken.id), []);
    await due.drain('2033-05-02T00:05:00Z');
    assert.deepEqual(await due.told(broken.id), ['-60']);
  });

  it('reach people of the platform who asked for them, and no others', async () => {
    const target = await due.world.api.ask<{ target: { id: string } }>('POST', '/api/v1/notification-targets', {
      body: { channel: 'webhook', title: 'Sales', address: 'https://sales.example/hook', kinds: ['license_reminder'] },
    });
    assert.equal(target.status, 201, target.text);
    const { id, tenantId } = await due.ending(noon('2034-06-30'));
    await due.drain(noon('2034-05-02'));
    await due.drain(noon('2034-07-30'));
    const notices = await due.sql<{ notice: Record<string, unknown> }>(
      'select notice from notifications where target_id = $1 order by created_at',
      [target.body.target.id],
    );
    const endsAt = '2034-06-30T12:00:00.000Z';
    assert.deepEqual(
      notices.map(({ notice }) => notice).filter(({ licenseId }) => licenseId === id),
      [-60, 7].map((days) => ({ kind: 'license_reminder', tenantId, licenseId: id, product: 'suite', days, endsAt })),
    );
    await due.world.api.ask('DELETE', `/api/v1/notification-targets/${target.body.target.id}`);
  });
}).timeout(120_000);
