import assert from 'node:assert/strict';
import { DomainError } from '#contracts/errors.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { drainEnds } from '#domain/licenses/dues/drainEnds.ts';
import { drainRenewals, type OpenRenewal } from '#domain/licenses/dues/drainRenewals.ts';
import { forgetLicenses } from '#domain/licenses/forgetLicenses.ts';
import { clearings } from '#domain/retention/clear.ts';
import { DueWorld } from './dueWorld.ts';

const end = '2030-06-30T12:00:00Z';

describe('what is due of licences at their ends, by the clock that is given', () => {
  let due: DueWorld;
  before(async () => (due = await DueWorld.start()));
  after(() => due.stop());

  const usesOf = async (id: string): Promise<number> =>
    (await due.sql('select 1 from license_uses where license_id = $1', [id])).length;
  const takeSeat = async (id: string): Promise<void> => {
    const { status, text } = await due.world.api.ask('POST', '/api/v1/licenses/check-out', {
      body: { licenseId: id, kind: 'seat', holder: 'ann' },
    });
    assert.equal(status, 200, text);
  };

  const policies = [
    ['block', 'blocked', 0],
    ['degrade', 'degraded', 1],
    ['log', 'logged', 1],
  ] as const;
  for (const [onExpiry, lapse, uses] of policies)
    it(`by the policy "${onExpiry}" a licence is ${lapse} at its end, once`, async () => {
      const { id } = await due.ending(end, { onExpiry });
      await takeSeat(id);
      await due.drain('2030-06-30T11:59:59Z');
      assert.deepEqual([await due.lapse(id), await usesOf(id)], ['none', 1]);
      await due.drain(end);
      await due.drain(end);
      assert.deepEqual([await due.lapse(id), await usesOf(id)], [lapse, uses]);
      const ends = (await due.world.events(id)).filter(({ type }) => type === 'license.expired');
      assert.deepEqual(
        ends.map(({ data }) => data),
        [{ endsAt: '2030-06-30T12:00:00.000Z', graceUntil: null, lapse }],
      );
    });

  it('while its grace lasts nothing is taken away, and the end of that is told too', async () => {
    const licence = await due.ending(end, { graceDays: 14, reminders: { before: [], after: [] } });
    const { id } = licence;
    await takeSeat(id);
    await due.drain('2030-07-01T00:00:00Z');
    assert.deepEqual([await due.lapse(id), await usesOf(id)], ['grace', 1]);
    await due.drain('2030-07-14T12:00:00Z');
    assert.deepEqual([await due.lapse(id), await usesOf(id)], ['blocked', 0]);
    assert.deepEqual(await due.told(id), ['expired', 'grace_ended']);
    assert.deepEqual(await due.mails(licence), [
      'The licence of suite has ended',
      'The grace of the licence of suite is over',
    ]);
  });

  it('both are told in their order, and one mail is written, when nobody was there for either', async () => {
    const licence = await due.ending(end, { graceDays: 14, onExpiry: 'degrade', reminders: { before: [], after: [] } });
    await due.drain('2031-01-01T00:00:00Z');
    assert.deepEqual(await due.told(licence.id), ['expired', 'grace_ended']);
    assert.equal(await due.lapse(licence.id), 'degraded');
    assert.deepEqual(await due.mails(licence), ['The grace of the licence of suite is over']);
  });

  it('a renewed licence is as one that never ended, and its next end is another', async () => {
    const { id } = await due.ending(end);
    await due.drain('2030-07-05T00:00:00Z');
    assert.equal(await due.lapse(id), 'blocked');
    await due.moveEnd(id, '2031-06-30T12:00:00Z', '2030-07-06T00:00:00Z');
    assert.equal(await due.lapse(id), 'none');
    await due.drain('2031-07-05T00:00:00Z');
    assert.equal((await due.told(id)).filter((one) => one === 'expired').length, 2);
  });

  it('an end that is set twice is told once', async () => {
    const { id } = await due.ending(end);
    await due.drain('2030-07-05T00:00:00Z');
    await due.moveEnd(id, '2031-06-30T12:00:00Z', '2030-07-06T00:00:00Z');
    await due.moveEnd(id, end, '2030-07-07T00:00:00Z');
    await due.drain('2030-07-08T00:00:00Z');
    assert.equal((await due.told(id)).filter((one) => one === 'expired').length, 1);
  });

  it('a grace that is made longer after its end is one again, and ends again', async () => {
    const { id } = await due.ending(end);
    await due.drain('2030-07-05T00:00:00Z');
    await due.moveEnd(id, end, '2030-07-06T00:00:00Z', 30);
    assert.equal(await due.lapse(id), 'grace');
    await due.drain('2030-08-01T00:00:00Z');
    assert.equal(await due.lapse(id), 'blocked');
  });

  it('it ends also while it is suspended, and then nobody is written to', async () => {
    const licence = await due.ending(end, { reminders: { before: [], after: [] } });
    await due.world.change(licence.id, 'suspend');
    await due.drain(end);
    assert.deepEqual([await due.told(licence.id), await due.mails(licence)], [['expired'], []]);
  });

  it('ends are carried out once, however many drain at the same time', async () => {
    const licences = await Promise.all(
      Array.from({ length: 20 }, () => due.ending('2032-01-01T00:00:00Z', { graceDays: 1 })),
    );
    const { platform } = due.installation;
    const drainer = async () => {
      for (let round = 0; round < 8; round++)
        await drainEnds(due.installation.em, platform, new Date('2032-02-01T00:00:00Z'), 5);
    };
    await Promise.all([drainer(), drainer(), drainer()]);
    await due.drain('2032-02-01T00:00:00Z');
    for (const { id } of licences)
      assert.deepEqual(
        (await due.told(id)).filter((one) => !/^\(|^\d/.test(one)),
        ['expired', 'grace_ended'],
      );
  });

  it('what is perpetual has none, and nothing is left of an erased tenant', async () => {
    const policy = await due.world.policy({ term: { kind: 'perpetual' } });
    const { body } = await due.world.issue(await due.tenant(), { policy });
    assert.deepEqual(await due.dues(body.id), []);
    const { id, tenantId } = await due.ending(end);
    await due.installation.em.transactional((em) => forgetLicenses(em, tenantId));
    assert.deepEqual(await due.dues(id), []);
  });

  describe('renewals', () => {
    const auto = { renewal: { mode: 'auto', daysBefore: 3 }, reminders: { before: [], after: [] } };
    const opened: string[] = [];
    /** Stands for the workflow's: writes down that it was asked, in the same transaction. */
    const open: OpenRenewal = async (em, licenseId, options, actor) => {
      assert.deepEqual([actor, options.cause], [theSystem, 'due']);
      opened.push(licenseId);
      if (refuse) throw new DomainError(refuse, 'No.');
      if (fails) throw new Error('the registry fell over');
      return { runId: licenseId };
    };
    let refuse: 'license_over' | 'license_price_missing' | null = null;
    let fails = false;
    const renew = async (now: string) => drainRenewals(due.installation.em, open, new Date(now));
    beforeEach(() => {
      opened.length = 0;
      [refuse, fails] = [null, false];
    });

    it('are opened so many days before the end, once', async () => {
      const { id } = await due.ending(end, auto);
      await renew('2030-06-27T11:59:59Z');
      assert.deepEqual(opened, []);
      const both = await Promise.all([renew('2030-06-27T12:00:00Z'), renew('2030-06-27T12:00:00Z')]);
      await renew('2030-07-27T12:00:00Z');
      assert.deepEqual([opened, both.flatMap(({ runIds }) => runIds)], [[id], [id]]);
    });

    it('are none where the policy is manual, and of trials', async () => {
      const manual = await due.ending(end, { reminders: { before: [], after: [] } });
      const policy = await due.world.policy({ ...auto, trialDays: 14 });
      const { body: trial } = await due.world.issue(await due.tenant(), { policy, trial: true });
      for (const { id } of [manual, trial])
        assert.deepEqual(
          (await due.dues(id)).map(({ kind }) => kind),
          ['expiry'],
        );
    });

    it('wait while something is suspended, however long', async () => {
      const { id, tenantId } = await due.ending(end, auto);
      await due.world.change(id, 'suspend');
      await renew('2030-06-28T00:00:00Z');
      await due.world.change(id, 'reinstate');
      await due.sql(`update tenants set state = 'suspended' where id = $1`, [tenantId]);
      await renew('2030-06-29T00:00:00Z');
      assert.deepEqual([opened, (await due.dues(id)).map(({ state }) => state)], [[], ['held', 'open']]);
      await due.sql(`update tenants set state = 'active' where id = $1`, [tenantId]);
      await renew('2030-06-29T12:00:00Z');
      assert.deepEqual(opened, [id]);
    });

    it('come again for a licence that is renewed late, to an end that is over too, and not for one that is issued so', async () => {
      const late = await due.ending(end, auto);
      await due.moveEnd(late.id, '2030-07-30T12:00:00Z', '2031-01-01T00:00:00Z');
      assert.deepEqual((await renew('2031-01-01T00:00:00Z')).runIds, [late.id]);
      const over = await due.ending('2026-01-01T00:00:00Z', auto, { startsAt: '2025-01-01T00:00:00Z' });
      assert.deepEqual(
        (await due.dues(over.id)).map(({ kind }) => kind),
        ['expiry'],
      );
    });

    it('that are refused for a reason that may go are tried each day until the licence is over, and told once', async () => {
      const { id } = await due.ending(end, { ...auto, graceDays: 1 });
      refuse = 'license_price_missing';
      const days = ['06-28T00:00:00Z', '06-28T12:00:00Z', '06-29T00:00:00Z', '06-30T00:00:00Z', '07-01T11:00:00Z'];
      for (const day of days) await renew(`2030-${day}`);
      assert.equal(opened.length, 4, 'not twice on the first day');
      refuse = null;
      assert.deepEqual((await renew('2030-07-02T11:00:00Z')).runIds, [id]);
      const refused = (await due.world.events(id)).filter(({ type }) => type === 'license.renewal_refused');
      assert.deepEqual(
        refused.map(({ data }) => data['why']),
        ['license_price_missing'],
      );

      const hopeless = await due.ending(end, auto);
      refuse = 'license_price_missing';
      await renew('2030-06-28T00:00:00Z');
      await renew('2030-07-01T00:00:00Z');
      const [renewal] = await due.dues(hopeless.id);
      assert.deepEqual([renewal!.state, renewal!.why], ['passed', 'license_price_missing']);
    });

    it('that are refused pass with the reason, and that fail are tried again', async () => {
      const refused = await due.ending(end, auto);
      refuse = 'license_over';
      await renew('2030-06-28T00:00:00Z');
      const [passed] = await due.dues(refused.id);
      assert.deepEqual([passed!.state, passed!.why], ['passed', 'license_over']);
      assert.equal((await due.world.events(refused.id)).at(-1)!.type, 'license.renewal_refused');

      const failing = await due.ending(end, auto);
      [refuse, fails] = [null, true];
      const { failed } = await renew('2030-06-28T00:00:00Z');
      assert.deepEqual(
        failed.map(({ licenseId }) => licenseId),
        [failing.id],
      );
      fails = false;
      assert.deepEqual((await renew('2030-06-28T01:00:00Z')).runIds, [failing.id]);
    });
  });

  it('is cleared when it was settled long ago, but for what its dates still ask for, which would happen again', async () => {
    const { id } = await due.ending(end, { onExpiry: 'degrade', reminders: { before: [7], after: [] } });
    await due.drain('2030-06-24T00:00:00Z');
    await due.drain(end);
    const settled = async () => (await due.dues(id)).filter(({ state }) => state === 'done').map(({ kind }) => kind);
    const clear = () => clearings.dues(due.installation.em, 400, 500);
    const age = (days: number) =>
      due.sql(
        `update license_dues set settled_at = case when license_id = $1 then now() - make_interval(days => $2) else now() end
         where settled_at is not null`,
        [id, days],
      );
    await age(401);
    assert.equal(await clear(), 0, 'both are asked for by the end that it has');
    await due.drain('2030-08-01T00:00:00Z');
    assert.deepEqual((await due.told(id)).filter((what) => what === 'expired').length, 1);
    await due.moveEnd(id, '2031-06-30T12:00:00Z', end);
    await age(399);
    assert.equal(await clear(), 0);
    await age(401);
    assert.equal(await clear(), 2);
    assert.deepEqual(await settled(), []);
    assert.deepEqual(await due.open(id), ['reminder -7 2031-06-23T12:00:00', 'expiry 2031-06-30T12:00:00']);
  });
}).timeout(120_000);
