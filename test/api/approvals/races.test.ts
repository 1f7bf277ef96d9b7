import assert from 'node:assert/strict';
import { approvalHeader } from '#contracts/approvals/approvals.ts';
import type { Problem } from '#contracts/problems.ts';
import { bumpAccessEpoch } from '#domain/access/epoch.ts';
import { rows } from '#domain/sql.ts';
import { personWith } from '../personWith.ts';
import { refused, threeOwners, type ThreeOwners } from './threeOwners.ts';

describe('a dangerous act that several meet at once', () => {
  let world: ThreeOwners;
  before(async () => (world = await threeOwners()));
  after(() => world?.api.stop());

  it('is done once by twenty who use one approval at the same time', async () => {
    const { ada, bob, policy, ask, decide, use, secretsIssued } = world;
    await policy(1);
    const id = await ask(ada);
    await decide(bob, id);
    const before = await secretsIssued();
    const answers = await Promise.all(Array.from({ length: 20 }, () => use(ada, id)));
    assert.equal(answers.filter(({ status }) => status === 201).length, 1);
    for (const answer of answers.filter(({ status }) => status !== 201)) refused(answer, 409, 'approval_over');
    assert.equal(await secretsIssued(), before + 1);
  });

  it('stays used while another request with the same idempotency key carries it out', async () => {
    const { api, ada, bob, policy, ask, decide, by, read } = world;
    await policy(1, 'erase_tenant');
    const { tenantId, slug } = await api.installation.createTenant({ name: 'Repeated' });
    await world.asAdmin(`update runs set state = 'succeeded', exclusive = false where tenant_id = $1`, [tenantId]);
    const removal = { method: 'DELETE', path: `/api/v1/tenants/${tenantId}`, body: { confirm: slug } };
    const id = await ask(ada, removal);
    await decide(bob, id);
    const headers = { [approvalHeader]: id, 'Idempotency-Key': 'both' };
    const remove = () => by<Problem>(ada, 'DELETE', removal.path, { body: removal.body, headers });
    await api.installation.em.transactional(async (tx) => {
      const key = `${ada!.userId} delete /api/v1/tenants/{tenantId} both`;
      await rows(tx)`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`;
      refused(await remove(), 409, 'idempotency_in_flight');
      assert.equal((await read(ada, id)).state, 'used');
    });
    assert.equal((await remove()).status, 202);
  });

  it('is either approved or withdrawn, when both come at once', async () => {
    const { ada, bob, policy, ask, decide, withdraw, use, read } = world;
    await policy(1);
    for (let round = 0; round < 5; round++) {
      const id = await ask(ada);
      const [approved, withdrawn] = await Promise.all([decide(bob, id), withdraw(ada, id)]);
      // A withdrawal after the approval is possible; an approval after the withdrawal is not.
      assert.equal(withdrawn.status, 200);
      if (approved.status !== 200) refused(approved, 409, 'approval_over');
      assert.equal((await read(ada, id)).state, 'withdrawn');
      refused(await use(ada, id), 409, 'approval_over');
    }
  });

  it('is not done when it was withdrawn or done, whichever came first', async () => {
    const { ada, bob, policy, ask, decide, withdraw, use, read } = world;
    await policy(1);
    for (let round = 0; round < 5; round++) {
      const id = await ask(ada);
      await decide(bob, id);
      const [used, withdrawn] = await Promise.all([use(ada, id), withdraw(ada, id)]);
      assert.deepEqual([used.status, withdrawn.status].toSorted(), used.status === 201 ? [201, 409] : [200, 409]);
      assert.equal((await read(ada, id)).state, used.status === 201 ? 'used' : 'withdrawn');
    }
  });

  it('counts twenty approvals of one person at the same time as one', async () => {
    const { ada, bob, policy, ask, decide, withdraw, read } = world;
    await policy(2);
    const id = await ask(ada);
    const answers = await Promise.all(Array.from({ length: 20 }, () => decide(bob, id)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    assert.partialDeepStrictEqual(await read(ada, id), { state: 'pending', approvals: 1 });
    await withdraw(ada, id);
  });

  it('is not done when who approved was disabled meanwhile, and can be approved by somebody else', async () => {
    const { api, ada, bob, policy, ask, decide, use, read, eventsOf, asAdmin } = world;
    await policy(1);
    const dan = await personWith(api.installation, [{ role: 'admin' }]);
    const id = await ask(ada);
    await decide(dan, id);
    await asAdmin('update users set disabled_at = now() where id = $1', [dan.userId]);
    assert.partialDeepStrictEqual(await read(ada, id), { approvals: 0, may: { use: false } });
    refused(await use(ada, id), 403, 'approval_required');
    const again = await read(bob, id);
    assert.partialDeepStrictEqual(again, { state: 'pending', may: { decide: true }, decisions: [{ isVoid: true }] });
    assert.ok((await eventsOf(id)).includes('approval.reopened'));
    await decide(bob, id);
    assert.equal((await use(ada, id)).status, 201);
  });

  it('is not done by an approval whose giver lost the role, nor when the policy asks for more by now', async () => {
    const { api, ada, bob, cem, policy, ask, decide, withdraw, use, asAdmin } = world;
    await policy(1);
    const dan = await personWith(api.installation, [{ role: 'admin' }]);
    const [one, other] = [await ask(ada), await ask(bob)];
    await decide(dan, one);
    await decide(cem, other);
    await asAdmin('delete from role_assignments where user_id = $1', [dan.userId]);
    await bumpAccessEpoch(api.installation.em);
    refused(await use(ada, one), 403, 'approval_required');
    await policy(2);
    const late = await use(bob, other);
    refused(late, 403, 'approval_required');
    assert.deepEqual(late.body.approval, { act: 'rotate_key', required: 2, approvalId: other });
    await Promise.all([withdraw(ada, one), withdraw(bob, other)]);
  });
});
