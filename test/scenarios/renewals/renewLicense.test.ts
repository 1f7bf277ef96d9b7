import assert from 'node:assert/strict';
import { theSystem } from '#domain/events/appendEvent.ts';
import { overrideEntitlement } from '#domain/licenses/changing/overrideEntitlement.ts';
import { revokeLicense } from '#domain/licenses/changing/changeState.ts';
import { licenseFileOf } from '#domain/licenses/licenseFile.ts';
import { rotateLicenseKey } from '#domain/licenses/keys/signingKeys.ts';
import { startRun } from '#temporal/startRun.ts';
import type { TestInstallation } from '../../servers/installation.ts';
import { FakeBilling } from './fakeBilling.ts';
import { is, price, startRenewals, tasksOf, yearLater, type RenewalWorld } from './renewalWorld.ts';

describe('renewing a licence', () => {
  let installation: TestInstallation;
  let world: RenewalWorld;
  const billing = new FakeBilling();
  let tenantId: string;
  let carded: string;
  before(async () => {
    ({ installation, world, tenantId, carded } = await startRenewals(billing));
  });
  beforeEach(() => billing.begin());
  after(() => installation.stop());

  const isOver = (runId: string) => installation.runIsOver(runId);
  const waits = (runId: string) => installation.runIs('waiting', runId);
  const stepsOf = async (runId: string) =>
    Object.fromEntries((await installation.run(runId)).steps.map(({ provider, state }) => [provider, state]));

  describe('that is paid by transfer', () => {
    it('waits until an operator has seen the money, and then goes on for a term with a new file', async () => {
      const before = await world.license(tenantId);
      const { renewalId, runId } = await world.renew(before.id);
      assert.equal((await waits(runId)).held?.by, 'payment');
      assert.partialDeepStrictEqual(await world.renewal(renewalId), {
        phase: 'waiting_payment',
        quote: { amount: price, currency: 'EUR', until: yearLater(before.expiresAt!) },
        payment: { provider: 'manual', state: 'asked' },
        may: { settle: true, cancel: true, approve: false },
      });
      assert.deepEqual(await tasksOf(installation, runId), [{ kind: 'payment_waiting', state: 'open' }]);
      assert.equal((await world.see(before.id)).serial, 1); // what is signed ahead is nobody's yet
      await world.settle(renewalId, 'paid');
      assert.equal((await isOver(runId)).state, 'succeeded');
      const after = await world.see(before.id);
      assert.equal(after.expiresAt, yearLater(before.expiresAt!));
      assert.equal(after.serial, 2);
      const { text } = await licenseFileOf(installation.em, installation.platform.tenantKeys, {
        licenseId: before.id,
        encrypted: false,
      });
      assert.match(text, /BEGIN TENANTRY LICENSE/);
      assert.partialDeepStrictEqual(await world.renewal(renewalId), {
        state: 'done',
        phase: 'done',
        payment: { state: 'captured' },
        may: { settle: false, cancel: false },
      });
      assert.deepEqual(await tasksOf(installation, runId), [{ kind: 'payment_waiting', state: 'done' }]);
      assert.deepEqual(await world.events(renewalId), [
        'opened',
        'marked_paid',
        'payment_authorised',
        'payment_captured',
        'activated',
        'delivered',
      ]);
      const [mail] = await installation.asAdmin<{ count: number }>(
        null,
        `select count(*)::int as count from mails where kind = 'license_renewed' and tenant_id = $1`,
        [tenantId],
      );
      assert.equal(mail?.count, 1);
    });

    it('is taken back when the money does not come, and the licence is what it was', async () => {
      const before = await world.license(tenantId);
      const { renewalId, runId } = await world.renew(before.id);
      await waits(runId);
      await world.settle(renewalId, 'declined');
      const run = await isOver(runId);
      assert.deepEqual([run.state, run.reason], ['rolled_back', 'The payment was declined (declined_by_hand).']);
      assert.deepEqual(await stepsOf(runId), {
        'renewal.quote': 'done',
        'renewal.sign': 'undone',
        'renewal.authorise': 'undone',
        'renewal.capture': 'pending',
        'renewal.activate': 'pending',
        'renewal.deliver': 'pending',
      });
      assert.deepEqual(await world.see(before.id), before);
      assert.equal((await world.renewal(renewalId)).state, 'taken_back');
      const again = await world.renew(before.id);
      await waits(again.runId);
      await installation.cancelRun(again.runId);
      assert.equal((await isOver(again.runId)).state, 'cancelled');
    });

    it('is marked once: a second word, or one after a cancel, is refused', async () => {
      const { id } = await world.license(tenantId);
      const first = await world.renew(id);
      await assert.rejects(world.settle(first.renewalId, 'paid'), is('payment_not_by_hand'));
      await waits(first.runId);
      await world.settle(first.renewalId, 'paid');
      await assert.rejects(world.settle(first.renewalId, 'paid'), is('payment_settled'));
      await assert.rejects(installation.cancelRun(first.runId), is('run_not_cancellable'));
      assert.equal((await isOver(first.runId)).state, 'succeeded');
      const second = await world.renew(id);
      await waits(second.runId);
      await installation.cancelRun(second.runId);
      await assert.rejects(world.settle(second.renewalId, 'paid'), is('renewal_over'));
      assert.equal((await isOver(second.runId)).state, 'cancelled');
    });

    it('ends at once when the licence is revoked meanwhile', async () => {
      const { id } = await world.license(tenantId);
      const { runId } = await world.renew(id);
      await waits(runId);
      await installation.em.transactional((em) =>
        revokeLicense(em, { id, reason: 'misuse', now: new Date() }, theSystem),
      );
      assert.equal((await isOver(runId)).state, 'rolled_back');
    });

    it('signs anew where the licence changed while the money was on its way', async () => {
      const { id } = await world.license(tenantId);
      const { renewalId, runId } = await world.renew(id);
      await waits(runId);
      await installation.em.transactional((em) =>
        overrideEntitlement(
          em,
          installation.platform.installation,
          { id, change: { name: 'sso', entitlement: { flag: true }, until: null }, now: new Date() },
          theSystem,
        ),
      );
      await world.settle(renewalId, 'paid');
      assert.equal((await isOver(runId)).state, 'succeeded');
      const after = await world.see(id);
      assert.equal(after.serial, 3);
      const [row] = await installation.asAdmin<{ claims: string }>(null, 'select claims from licenses where id = $1', [
        id,
      ]);
      assert.partialDeepStrictEqual(JSON.parse(row!.claims), { serial: 3, entitlements: { sso: { flag: true } } });
    });

    it('signs anew where the key is not to be believed any more', async () => {
      const { id, kid } = await world.license(tenantId, { rules: { product: 'leaked' } });
      const { renewalId, runId } = await world.renew(id);
      await waits(runId);
      const { platform } = installation;
      await installation.em.transactional((em) =>
        rotateLicenseKey(
          em,
          platform.installation,
          'leaked',
          { publishSeconds: 0, compromised: true, now: new Date() },
          theSystem,
        ),
      );
      await world.settle(renewalId, 'paid');
      assert.equal((await isOver(runId)).state, 'succeeded');
      assert.notEqual((await world.see(id)).kid, kid);
    });
  });

  describe('whose policy wants each renewal approved', () => {
    const rules = { renewal: { mode: 'approval' } };

    it('waits for a decision, and goes on when it is yes', async () => {
      const { id } = await world.license(carded, { rules });
      const { renewalId, runId } = await world.renew(id);
      const run = await waits(runId);
      assert.deepEqual([run.held?.by, run.may.decide], ['approval', ['continue', 'roll_back']]);
      assert.partialDeepStrictEqual(await world.renewal(renewalId), {
        phase: 'waiting_approval',
        may: { approve: true },
      });
      assert.deepEqual(billing.calls, []);
      await installation.decide(runId, 'continue');
      assert.equal((await isOver(runId)).state, 'succeeded');
      assert.deepEqual(await tasksOf(installation, runId), [{ kind: 'parked', state: 'done' }]);
    });

    it('is taken back when it is no, and when the licence is gone', async () => {
      const [refused, gone] = await Promise.all(
        [1, 2].map(async () => {
          const { id } = await world.license(carded, { rules });
          return { id, ...(await world.renew(id)) };
        }),
      );
      for (const { runId } of [refused!, gone!]) await waits(runId);
      await installation.decide(refused!.runId, 'roll_back');
      assert.equal((await isOver(refused!.runId)).reason, 'The renewal was not approved.');
      await installation.em.transactional((em) =>
        revokeLicense(em, { id: gone!.id, reason: 'misuse', now: new Date() }, theSystem),
      );
      assert.equal((await isOver(gone!.runId)).state, 'rolled_back');
      assert.deepEqual(billing.effects, []);
    });
  });

  describe('that costs nothing', () => {
    it('asks nobody for money: a test licence has no price, and stays one', async () => {
      const before = await world.license(carded, { amount: null, test: true });
      const { renewalId, runId } = await world.renew(before.id);
      assert.equal((await isOver(runId)).state, 'succeeded');
      const after = await world.see(before.id);
      assert.deepEqual([after.test, after.expiresAt], [true, yearLater(before.expiresAt!)]);
      assert.partialDeepStrictEqual(await world.renewal(renewalId), {
        payment: null,
        quote: { test: true, amount: 0, currency: null },
      });
      assert.deepEqual(billing.calls, []);
    });

    it('nor for a price of nothing; a trial becomes a licence', async () => {
      const trial = await world.license(carded, { rules: { trialDays: 14 }, amount: 0, trial: true });
      const { runId } = await world.renew(trial.id);
      assert.equal((await isOver(runId)).state, 'succeeded');
      const after = await world.see(trial.id);
      assert.deepEqual([after.trial, after.expiresAt], [false, yearLater(trial.expiresAt!)]);
    });

    it('is taken back when the licence was revoked before', async () => {
      const { id } = await world.license(carded, { amount: 0, rules: { renewal: { mode: 'approval' } } });
      const { runId } = await world.open(id, { cause: 'asked', wanted: { kind: 'renewal' } });
      await installation.em.transactional((em) =>
        revokeLicense(em, { id, reason: 'misuse', now: new Date() }, theSystem),
      );
      await startRun(installation.platform, installation.temporal.client, runId);
      assert.equal((await isOver(runId)).state, 'rolled_back');
    });
  });
});
