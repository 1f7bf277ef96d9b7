import assert from 'node:assert/strict';
import type { DomainError } from '#contracts/errors.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { openReverse } from '#domain/runs/reverse.ts';
import { adminOf } from '#domain/tenants/viewTenant.ts';
import { startRun } from '#temporal/startRun.ts';
import { TestInstallation } from '../../servers/installation.ts';
import { dayMs, startTimeSkipping, type TimeSkippingServer } from '../../servers/timeSkipping.ts';
import { addMember, answer, ask, linkOf } from './ownership.ts';

const refusal = (code: string) => (error: DomainError) => error.code === code;
const old = 'old@example.org';
const next = 'next@example.org';

describe('handing a tenant to another owner', () => {
  let server: TimeSkippingServer;
  let installation: TestInstallation;
  let tenant: { tenantId: string; slug: string };
  let owner: string;

  before(async () => {
    server = await startTimeSkipping();
    installation = await TestInstallation.start({}, server.servers);
    await installation.startWorker();
  });
  beforeEach(async () => {
    tenant = await installation.provision({ name: 'Passing On', admin: { email: old, name: 'Olda' } });
    // The delivery run makes the named administrator a member-to-be.
    await installation.until('the invitation', 20_000, async () => {
      const found = await installation.asAdmin(null, 'select 1 from users where tenant_id = $1', [tenant.tenantId]);
      return found.length > 0;
    });
    owner = await addMember(installation, tenant, old, 'tenant-admin');
  });
  after(async () => {
    await installation?.stop();
    await server?.stop();
  });

  const waits = (runId: string) => installation.runIs('waiting', runId);
  const ends = async (runId: string) => (await installation.runIsOver(runId)).state;
  const named = async () => {
    const [row] = await installation.asAdmin<{ admin_sealed: Buffer }>(
      null,
      'select admin_sealed from tenants where id = $1',
      [tenant.tenantId],
    );
    return (await adminOf(installation.platform.tenantKeys, { id: tenant.tenantId, adminSealed: row!.admin_sealed }))
      ?.email;
  };
  const roleOf = async (userId: string) =>
    (
      await installation.asAdmin<{ role: string; sessions: number }>(
        null,
        `select portal_role as role, (select count(*)::int from sessions s where s.user_id = u.id) as sessions
         from users u where id = $1`,
        [userId],
      )
    )[0];
  const stateOf = async (runId: string) =>
    (
      await installation.asAdmin<{ state: string; reminded: number }>(
        null,
        'select state, reminded from ownership_changes where run_id = $1',
        [runId],
      )
    )[0];

  it('to a member who agrees: in one moment they are named and administrator, the old owner a member without sessions', async () => {
    const member = await addMember(installation, tenant, next, 'viewer');
    const runId = await ask(installation, tenant, { to: { memberId: member } });
    await waits(runId);
    assert.equal(await named(), old);
    assert.deepEqual(await roleOf(owner), { role: 'tenant-admin', sessions: 1 });
    await answer(installation, runId, 'new_owner');
    assert.equal(await ends(runId), 'succeeded');
    assert.equal(await named(), next);
    assert.deepEqual(await roleOf(member), { role: 'tenant-admin', sessions: 1 });
    assert.deepEqual(await roleOf(owner), { role: 'member', sessions: 0 });
    await assert.rejects(answer(installation, runId, 'new_owner'), refusal('ownership_over')); // used twice
  });

  it('to somebody new, with the confirmation of the old owner, who stays an administrator when that was asked', async () => {
    const runId = await ask(installation, tenant, {
      to: { email: 'New@Example.org', name: 'Neva' },
      oldStaysAdmin: true,
      needsConfirmation: true,
    });
    await waits(runId);
    await answer(installation, runId, 'new_owner');
    assert.equal((await stateOf(runId))?.state, 'asked');
    await answer(installation, runId, 'old_owner');
    assert.equal(await ends(runId), 'succeeded');
    assert.equal(await named(), 'new@example.org');
    assert.deepEqual(await roleOf(owner), { role: 'tenant-admin', sessions: 1 });
    const [invited] = await installation.asAdmin(
      null,
      `select 1 from users u join one_time_links l on l.user_id = u.id and l.purpose = 'invitation'
       where u.tenant_id = $1 and u.portal_role = 'tenant-admin' and u.activated_at is null and l.used_at is null`,
      [tenant.tenantId],
    );
    assert.ok(invited, 'the new owner is invited');
  });

  it('not when it is declined, nor by a link after that', async () => {
    const runId = await ask(installation, tenant, { to: { email: next } });
    await waits(runId);
    await answer(installation, runId, 'new_owner', 'decline');
    assert.equal(await ends(runId), 'rolled_back');
    assert.equal((await installation.run(runId)).reason, 'It was declined. Nothing has changed.');
    assert.equal(await named(), old);
    await assert.rejects(answer(installation, runId, 'new_owner'), refusal('ownership_over'));
  });

  it('reminds twice, then expires, by the workflow’s clock; a late link changes nothing', async () => {
    const runId = await ask(installation, tenant, { to: { email: next }, expiresInHours: 240 });
    await waits(runId);
    await server.skip(5.1 * dayMs);
    await installation.until('the first reminder', 20_000, async () => (await stateOf(runId))?.reminded === 1);
    await server.skip(4 * dayMs);
    await installation.until('the second reminder', 20_000, async () => (await stateOf(runId))?.reminded === 2);
    await server.skip(dayMs);
    assert.equal(await ends(runId), 'rolled_back');
    assert.equal((await stateOf(runId))?.state, 'expired');
    await assert.rejects(answer(installation, runId, 'new_owner'), refusal('ownership_over'));
    assert.equal(await named(), old);
  });

  it('not after it was taken back, of which and the answer one wins', async () => {
    const runId = await ask(installation, tenant, { to: { email: next } });
    await waits(runId);
    await installation.cancelRun(runId);
    assert.equal(await ends(runId), 'cancelled');
    assert.equal((await stateOf(runId))?.state, 'withdrawn');
    await assert.rejects(answer(installation, runId, 'new_owner'), refusal('ownership_over'));
    assert.equal(await named(), old);
  });

  it('not to the same person, twice at once, or to who is locked out', async () => {
    await assert.rejects(ask(installation, tenant, { to: { email: 'OLD@example.org' } }), refusal('ownership_same'));
    const member = await addMember(installation, tenant, next, 'member');
    await installation.asAdmin(null, 'update users set disabled_at = now() where id = $1', [member]);
    await assert.rejects(ask(installation, tenant, { to: { memberId: member } }), refusal('person_not_active'));
    const runId = await ask(installation, tenant, { to: { email: 'third@example.org' } });
    await assert.rejects(ask(installation, tenant, { to: { email: 'other@example.org' } }), refusal('run_in_progress'));
    await waits(runId);
    await installation.cancelRun(runId);
    assert.equal(await ends(runId), 'cancelled');
  });

  it('not when the person was removed after they agreed', async () => {
    const member = await addMember(installation, tenant, next, 'member');
    const runId = await ask(installation, tenant, { to: { memberId: member } });
    await waits(runId);
    await linkOf(installation, runId, 'new_owner');
    await installation.asAdmin(null, 'update users set disabled_at = now() where id = $1', [member]);
    await answer(installation, runId, 'new_owner');
    assert.equal(await ends(runId), 'rolled_back');
    assert.equal(await named(), old);
    assert.deepEqual(await roleOf(owner), { role: 'tenant-admin', sessions: 1 });
  });

  it('and back, by a run that asks the owner before, offered once', async () => {
    const member = await addMember(installation, tenant, next, 'member');
    const runId = await ask(installation, tenant, { to: { memberId: member } });
    await waits(runId);
    await answer(installation, runId, 'new_owner');
    assert.equal(await ends(runId), 'succeeded');
    const reverse = () =>
      installation.em.transactional((em) => openReverse(em, installation.platform, runId, () => undefined, theSystem));
    const back = await reverse();
    await assert.rejects(reverse(), refusal('run_in_progress'));
    await startRun(installation.platform, installation.temporal.client, back.runId);
    await waits(back.runId);
    await answer(installation, back.runId, 'new_owner');
    assert.equal(await ends(back.runId), 'succeeded');
    assert.equal(await named(), old);
    assert.deepEqual(await roleOf(owner), { role: 'tenant-admin', sessions: 0 });
    assert.equal((await roleOf(member))?.role, 'member');
    await assert.rejects(reverse(), refusal('run_not_reversible'));
  });

  it('ends with its tenant', async () => {
    const runId = await ask(installation, tenant, { to: { email: next } });
    await waits(runId);
    const removal = await installation.removeTenant(tenant.tenantId, tenant.slug);
    assert.equal(await ends(removal.runId), 'succeeded');
    assert.equal(await ends(runId), 'rolled_back');
  });
});
