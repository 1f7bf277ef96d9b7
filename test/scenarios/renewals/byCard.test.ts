import assert from 'node:assert/strict';
import { theSystem } from '#domain/events/appendEvent.ts';
import { revokeLicense } from '#domain/licenses/changing/changeState.ts';
import type { TestInstallation } from '../../servers/installation.ts';
import { FakeBilling } from './fakeBilling.ts';
import { startRenewals, tasksOf, yearLater, type RenewalWorld } from './renewalWorld.ts';

describe('a renewal that is paid by card', () => {
  let installation: TestInstallation;
  let world: RenewalWorld;
  const billing = new FakeBilling();
  let carded: string;
  before(async () => {
    ({ installation, world, carded } = await startRenewals(billing));
  });
  beforeEach(() => billing.begin());
  after(() => installation.stop());

  const isOver = (runId: string) => installation.runIsOver(runId);
  const waits = (runId: string) => installation.runIs('waiting', runId);

  it('holds the money, takes it once, and goes on for a term', async () => {
    const before = await world.license(carded);
    const { renewalId, runId } = await world.renew(before.id);
    assert.equal((await isOver(runId)).state, 'succeeded');
    assert.deepEqual(billing.effects, [`authorised ${renewalId}`, `captured ${renewalId}`]);
    assert.equal((await world.see(before.id)).expiresAt, yearLater(before.expiresAt!));
  });

  it('takes nothing when the card is declined', async () => {
    billing.answers = 'declined';
    const before = await world.license(carded);
    const { renewalId, runId } = await world.renew(before.id);
    assert.equal((await isOver(runId)).reason, 'The payment was declined (card_declined).');
    assert.equal((await world.renewal(renewalId)).payment?.declinedCode, 'card_declined');
    assert.ok(!billing.effects.some((effect) => effect.startsWith('captured')));
    assert.deepEqual(await world.see(before.id), before);
  });

  for (const verb of ['authorise', 'capture'] as const)
    for (const when of ['before', 'after'] as const)
      it(`holds and takes once when the service answers not ${when} it could ${verb}`, async () => {
        billing.fails = { verb, when, times: 2 };
        const { id } = await world.license(carded);
        const { renewalId, runId } = await world.renew(id);
        assert.equal((await isOver(runId)).state, 'succeeded');
        assert.deepEqual(billing.effects, [`authorised ${renewalId}`, `captured ${renewalId}`]);
        assert.equal(billing.calls.filter((call) => call === verb).length, 3);
      });

  it('lets go what is held when it is taken back before it is taken, however often it has to ask', async () => {
    billing.answers = 'waiting';
    const before = await world.license(carded);
    const { renewalId, runId } = await world.renew(before.id);
    await waits(runId);
    billing.fails = { verb: 'void', when: 'after', times: 2 };
    await installation.cancelRun(runId);
    assert.equal((await isOver(runId)).state, 'cancelled');
    assert.equal(billing.is(renewalId), 'voided');
    assert.deepEqual(await world.see(before.id), before);
    assert.equal((await world.renewal(renewalId)).payment?.state, 'voided');
  });

  it('goes on when the bank has agreed, told by a message that came once or was lost', async () => {
    billing.answers = 'waiting';
    const { id } = await world.license(carded);
    const { renewalId, runId } = await world.renew(id);
    await waits(runId);
    billing.becomes(renewalId, 'authorised');
    await installation.asAdmin(null, 'update renewal_payments set told_at = now() where renewal_id = $1', [renewalId]);
    assert.equal((await isOver(runId)).state, 'succeeded'); // woken by the reconciler
    assert.deepEqual(billing.effects.slice(-1), [`captured ${renewalId}`]);
  });

  it('is taken back when what was held is gone before it could be taken', async () => {
    billing.answers = 'authorised';
    const before = await world.license(carded);
    billing.fails = { verb: 'capture', when: 'before', times: 1 };
    const { renewalId, runId } = await world.renew(before.id);
    await installation.until('the capture to be tried', 20_000, async () => billing.calls.includes('capture'));
    billing.becomes(renewalId, 'voided');
    assert.equal((await isOver(runId)).state, 'rolled_back');
    assert.deepEqual(await world.see(before.id), before);
  });

  it('asks for a person where money was taken elsewhere although it was taken back', async () => {
    billing.answers = 'waiting';
    const { id } = await world.license(carded);
    const { renewalId, runId } = await world.renew(id);
    await waits(runId);
    billing.becomes(renewalId, 'captured');
    await installation.cancelRun(runId);
    assert.equal((await isOver(runId)).state, 'cancelled');
    assert.deepEqual(await tasksOf(installation, runId), [{ kind: 'renewal_stranded', state: 'open' }]);
  });

  it('asks for a person where the licence was revoked in the moment in which it was paid', async () => {
    const { id } = await world.license(carded);
    billing.fails = { verb: 'capture', when: 'after', times: 1 };
    const { runId } = await world.renew(id);
    await installation.until('the money to be taken', 20_000, async () =>
      billing.effects.some((effect) => effect.startsWith('captured')),
    );
    await installation.em.transactional((em) =>
      revokeLicense(em, { id, reason: 'misuse', now: new Date() }, theSystem),
    );
    assert.equal((await isOver(runId)).state, 'needs_attention');
    assert.deepEqual(await tasksOf(installation, runId), [{ kind: 'renewal_stranded', state: 'open' }]);
  });

  it('goes on in another run, with the same payment, when its workflow is terminated', async () => {
    billing.answers = 'waiting';
    const { id } = await world.license(carded);
    const { renewalId, runId } = await world.renew(id);
    await waits(runId);
    const { temporal } = await installation.run(runId);
    await installation.temporal.client.workflow.getHandle(temporal.workflowId).terminate('by hand');
    const next = await installation.until('another run', 60_000, async () => {
      const { runId: now } = await world.renewal(renewalId);
      return now === runId ? null : now;
    });
    billing.becomes(renewalId, 'authorised');
    await installation.asAdmin(null, 'update renewal_payments set told_at = now() where renewal_id = $1', [renewalId]);
    assert.equal((await isOver(next)).state, 'succeeded');
    assert.deepEqual(billing.effects.slice(-1), [`captured ${renewalId}`]);
    assert.equal((await isOver(runId)).state, 'needs_attention');
  });
});
