import assert from 'node:assert/strict';
import type { Deps } from '#activities/deps.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { revokeLicense } from '#domain/licenses/changing/changeState.ts';
import { cancelAtEnd, keepLicense } from '#domain/licenses/renewing/cancelAtEnd.ts';
import { drainRenewals } from '#domain/licenses/dues/drainRenewals.ts';
import { openRenewal } from '#domain/licenses/renewing/openRenewal.ts';
import { startRun } from '#temporal/startRun.ts';
import type { TestInstallation } from '../../servers/installation.ts';
import { dayMs } from '../../servers/timeSkipping.ts';
import { FakeBilling } from './fakeBilling.ts';
import { is, price, startRenewals, yearLater, type RenewalWorld } from './renewalWorld.ts';

describe('a renewal', () => {
  let installation: TestInstallation;
  let world: RenewalWorld;
  const billing = new FakeBilling();
  let carded: string;
  let services: Deps['billing'];
  before(async () => {
    ({ installation, world, carded, services } = await startRenewals(billing));
  });
  beforeEach(() => billing.begin());
  after(() => installation.stop());

  const isOver = (runId: string) => installation.runIsOver(runId);

  describe('is opened', () => {
    it('once at a time, and once for a term', async () => {
      const { id } = await world.license(carded);
      const asked = { cause: 'asked', wanted: { kind: 'renewal' } } as const;
      const opened = await Promise.allSettled(Array.from({ length: 5 }, () => world.open(id, asked)));
      const [first, ...others] = opened.toSorted((one) => (one.status === 'fulfilled' ? -1 : 1));
      assert.equal(first?.status, 'fulfilled');
      for (const other of others)
        assert.ok(other.status === 'rejected' && is('license_renewing')(other.reason as { code?: string }));
      const { runId } = (first as PromiseFulfilledResult<{ runId: string }>).value;
      await startRun(installation.platform, installation.temporal.client, runId);
      assert.equal((await isOver(runId)).state, 'succeeded');
    });

    it('because its term ends, where the policy does so, and not by itself where it does not', async () => {
      const due = { cause: 'due', dueAt: new Date().toISOString() } as const;
      const auto = await world.license(carded, { rules: { renewal: { mode: 'auto' } } });
      const { runId } = await world.open(auto.id, due);
      await assert.rejects(world.open(auto.id, due), is('license_renewing'));
      await startRun(installation.platform, installation.temporal.client, runId);
      assert.equal((await isOver(runId)).state, 'succeeded');
      const manual = await world.license(carded);
      await assert.rejects(world.open(manual.id, due), is('license_not_renewable'));
    });

    it('by the drain when it is due, once, and not where somebody wants it to end', async () => {
      const rules = { renewal: { mode: 'auto', daysBefore: 30 } };
      const [renewed, ending] = [await world.license(carded, { rules }), await world.license(carded, { rules })];
      await installation.em.transactional((em) => cancelAtEnd(em, ending.id, theSystem));
      const drain = (at: string) => drainRenewals(installation.em, openRenewal, new Date(at));
      const due = new Date(Date.parse(renewed.expiresAt!) - 30 * dayMs);
      const before = await drain(new Date(due.getTime() - 1_000).toISOString());
      assert.deepEqual(before.runIds, []);
      const [first, second] = await Promise.all([drain(due.toISOString()), drain(due.toISOString())]);
      const runIds = [...first.runIds, ...second.runIds];
      assert.equal(runIds.length, 1);
      await startRun(installation.platform, installation.temporal.client, runIds[0]!);
      assert.equal((await isOver(runIds[0]!)).state, 'succeeded');
      assert.equal((await world.see(renewed.id)).expiresAt, yearLater(renewed.expiresAt!));
      assert.equal((await world.see(ending.id)).expiresAt, ending.expiresAt);
      await installation.em.transactional((em) => keepLicense(em, ending.id, theSystem));
      const kept = await drain(due.toISOString()); // passed over, and due again
      assert.equal(kept.runIds.length, 1);
      const next = await drain(new Date(due.getTime() + 1_000).toISOString());
      assert.deepEqual(next.runIds, []);
    });

    it('term by term where nobody was there when it was due, and not by hand for a term that is over', async () => {
      const { id, expiresAt } = await world.license(carded, { rules: { renewal: { mode: 'auto' } } });
      const now = new Date(Date.parse(expiresAt!) + 800 * dayMs);
      const asked = { cause: 'asked', wanted: { kind: 'renewal' }, now } as const;
      await assert.rejects(world.open(id, asked), is('license_not_renewable'));
      const { renewalId } = await world.open(id, { cause: 'due', dueAt: expiresAt!, now });
      assert.equal((await world.renewal(renewalId)).quote.until, yearLater(expiresAt!));
    });

    it('not while it is to end with its term, until that is taken back', async () => {
      const due = { cause: 'due', dueAt: new Date().toISOString() } as const;
      const { id } = await world.license(carded, { rules: { renewal: { mode: 'auto' } } });
      await installation.em.transactional((em) => cancelAtEnd(em, id, theSystem));
      assert.ok((await world.see(id)).cancelledAtEndAt);
      await assert.rejects(world.open(id, due), is('license_not_renewable'));
      await installation.em.transactional((em) => keepLicense(em, id, theSystem));
      await world.open(id, due);
      await assert.rejects(
        installation.em.transactional((em) => cancelAtEnd(em, id, theSystem)),
        is('license_renewing'),
      );
    });

    it('not without a price, for what never ends, or what is over', async () => {
      const asked = { cause: 'asked', wanted: { kind: 'renewal' } } as const;
      const priceless = await world.license(carded, { amount: null });
      await assert.rejects(world.open(priceless.id, asked), is('license_price_missing'));
      const perpetual = await world.license(carded, { amount: null, rules: { term: { kind: 'perpetual' } } });
      await assert.rejects(world.open(perpetual.id, asked), is('license_not_renewable'));
      await installation.em.transactional((em) =>
        revokeLicense(em, { id: priceless.id, reason: 'misuse', now: new Date() }, theSystem),
      );
      await assert.rejects(world.open(priceless.id, asked), is('license_over'));
    });

    it('and taken back at once, where its payment service is configured nowhere', async () => {
      const before = await world.license(carded);
      delete services.stripe;
      try {
        const { runId } = await world.renew(before.id);
        const run = await isOver(runId);
        assert.equal(run.state, 'rolled_back');
        assert.match(run.reason ?? '', /"stripe" is not configured/);
        assert.deepEqual(await world.see(before.id), before);
      } finally {
        services.stripe = billing;
      }
    });
  });

  describe('within its term', () => {
    it('brings it to the end of another, for a part of the price, and both go on together', async () => {
      const [late, early] = [await world.license(carded), await world.license(carded)];
      const day = (days: number) => new Date(Date.now() + days * dayMs).toISOString().slice(0, 19) + 'Z';
      await installation.asAdmin(null, 'update licenses set anchor_at = $2, expires_at = $3 where id = $1', [
        late.id,
        day(73 - 365),
        day(73),
      ]);
      await installation.asAdmin(null, 'update licenses set expires_at = $2, over_at = $2 where id = $1', [
        early.id,
        day(0.5),
      ]);
      await assert.rejects(
        world.open(late.id, { cause: 'asked', wanted: { kind: 'co_term', with: early.id } }),
        is('invalid_request'),
      );
      const { renewalId, runId } = await world.renew(early.id, { kind: 'co_term', with: late.id });
      assert.equal((await isOver(runId)).state, 'succeeded');
      const { quote } = await world.renewal(renewalId);
      const [part] = quote.lines;
      assert.deepEqual([part?.what, part?.days], ['part', 73]);
      assert.equal(quote.amount, Math.round((price * 73) / part!.ofDays!));
      assert.equal((await world.see(early.id)).expiresAt, (await world.see(late.id)).expiresAt);
      const next = async (id: string) => {
        const opened = await world.renew(id);
        await isOver(opened.runId);
        return (await world.see(id)).expiresAt;
      };
      assert.equal(await next(early.id), await next(late.id));
    });

    it('upgrades it for what the rest of its term is worth more', async () => {
      const before = await world.license(carded, { rules: { seats: { limit: 5 } } });
      const policy = await world.policy({ seats: { limit: 50 } }, 3 * price);
      const { renewalId, runId } = await world.renew(before.id, { kind: 'upgrade', policy });
      assert.equal((await isOver(runId)).state, 'succeeded');
      const { quote } = await world.renewal(renewalId);
      assert.deepEqual(
        quote.lines.map(({ what, amount }) => [what, amount]),
        [
          ['part', 3 * price],
          ['credit', -price],
        ],
      );
      assert.equal(quote.amount, 2 * price);
      const after = await world.see(before.id);
      assert.deepEqual([after.policy, after.expiresAt, after.serial], [policy, before.expiresAt, 2]);
      const cheaper = await world.policy({ seats: { limit: 1 } }, 1);
      const down = await world.renew(before.id, { kind: 'upgrade', policy: cheaper });
      assert.equal((await isOver(down.runId)).state, 'succeeded');
      assert.equal((await world.renewal(down.renewalId)).quote.amount, 0);
      const other = await world.policy({ product: 'another' });
      await assert.rejects(
        world.open(before.id, { cause: 'asked', wanted: { kind: 'upgrade', policy: other } }),
        is('invalid_request'),
      );
    });
  });
});
