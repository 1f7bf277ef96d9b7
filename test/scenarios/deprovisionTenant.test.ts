import assert from 'node:assert/strict';
import { DomainError } from '#contracts/errors.ts';
import { findOpenPortal, realmIsOpen } from '#domain/tenants/openTenants.ts';
import { TestInstallation } from '../servers/installation.ts';
import type { StepIn } from '../servers/faults.ts';
import { remainsOf } from '../servers/remains.ts';
import { tenantLogin } from '../servers/tenantLogin.ts';

const refusal = (code: string) => (error: DomainError) => error.code === code;

describe('removing a tenant', () => {
  let installation: TestInstallation;
  let stepIn: StepIn = async () => undefined;

  before(async () => {
    installation = await TestInstallation.start();
    await installation.startWorker((position, attempt) => stepIn(position, attempt));
  });
  after(() => installation.stop());
  beforeEach(() => {
    stepIn = async () => undefined;
  });

  const tenantOf = async (tenantId: string) => {
    const [tenant] = await installation.asAdmin<{ state: string; attention: boolean; admin_sealed: Buffer | null }>(
      null,
      'select state, attention, admin_sealed from tenants where id = $1',
      [tenantId],
    );
    assert.ok(tenant);
    return tenant;
  };

  it('leaves nothing of it, forgets its admin, and frees its address for another', async () => {
    const { tenantId, slug } = await installation.provision({ name: 'Goes', admin: { email: 'gone@goes.example' } });
    const { runId } = await installation.removeTenant(tenantId, slug);
    const run = await installation.runIsOver(runId);

    assert.equal(run.state, 'succeeded');
    assert.deepEqual(
      run.steps.map(({ title, state }) => [title, state]),
      [
        ['Close the doors', 'done'],
        ['Remove the storage bucket', 'done'],
        ['Remove the sign-in realm', 'done'],
        ['Remove the database', 'done'],
        ['Release the address', 'done'],
      ],
    );
    assert.deepEqual(await remainsOf(installation, tenantId), []);
    assert.deepEqual(await tenantOf(tenantId), { state: 'erased', attention: false, admin_sealed: null });
    assert.equal((await installation.provision({ name: 'Comes', slug })).slug, slug);
    await assert.rejects(installation.removeTenant(tenantId, tenantId), refusal('tenant_erased'));
  });

  it('goes past a destroy that fails for good, names exactly what is left, and a second removal completes it', async () => {
    const { tenantId, slug } = await installation.provision({ name: 'Sticky' });
    stepIn = async ({ at, when }) => {
      if (at === 'realm.destroy' && when === 'before') throw new DomainError('check_failed', 'The realm will not go.');
    };
    const first = await installation.runIsOver((await installation.removeTenant(tenantId, slug)).runId);
    assert.equal(first.state, 'needs_attention');
    assert.match(first.reason ?? '', /Left: [^·]*realm[^·]*\.$/i);
    assert.deepEqual(
      first.steps.filter(({ state }) => state === 'failed').map(({ provider, reason }) => [provider, reason]),
      [['realm', 'The realm will not go.']],
    );
    assert.deepEqual(await remainsOf(installation, tenantId), ['realm', 'secrets', `address ${slug}`]);
    assert.partialDeepStrictEqual(await tenantOf(tenantId), { state: 'offboarding', attention: true });
    await assert.rejects(installation.createTenant({ name: 'Too early', slug }), refusal('slug_taken'));

    stepIn = async () => undefined;
    const second = await installation.runIsOver((await installation.removeTenant(tenantId, slug)).runId);
    assert.equal(second.state, 'succeeded');
    assert.deepEqual(await remainsOf(installation, tenantId), []);
    assert.partialDeepStrictEqual(await tenantOf(tenantId), { state: 'erased', attention: false });
  });

  it('is refused while the tenant is being provisioned', async () => {
    let goOn = () => undefined as void;
    const released = new Promise<void>((resolve) => (goOn = resolve));
    stepIn = async ({ at, when }) => {
      if (at === 'realm.ensure' && when === 'before') await released;
    };
    const { tenantId, slug, runId } = await installation.createTenant({ name: 'Busy' });
    await assert.rejects(
      installation.removeTenant(tenantId, slug),
      (error: DomainError) => error.code === 'run_in_progress' && error.extra['runId'] === runId,
    );
    goOn();
    assert.equal((await installation.runIsOver(runId)).state, 'succeeded');
  });

  it('is refused without the address as confirmation, for unknown tenants, and twice at once', async () => {
    const { tenantId, slug } = await installation.provision({ name: 'Careful' });
    for (const wrong of ['', 'carefu', 'CAREFUL', tenantId])
      await assert.rejects(installation.removeTenant(tenantId, wrong), refusal('confirmation_mismatch'));
    await assert.rejects(installation.removeTenant('00000000-0000-7000-8000-000000000000', slug), refusal('not_found'));
    assert.equal((await tenantOf(tenantId)).state, 'active');

    const both = await Promise.allSettled([
      installation.removeTenant(tenantId, slug),
      installation.removeTenant(tenantId, slug),
    ]);
    const [won] = both.filter((one) => one.status === 'fulfilled');
    const [lost] = both.filter((one) => one.status === 'rejected');
    assert.ok(won && refusal('run_in_progress')(lost?.reason as DomainError));
    assert.equal((await installation.runIsOver(won.value.runId)).state, 'succeeded');
    assert.deepEqual(await remainsOf(installation, tenantId), []);
  });

  it('makes the tenant invisible from its first moment, before any worker moves', async () => {
    const { tenantId, slug } = await installation.provision({ name: 'Visible' });
    assert.ok(await findOpenPortal(installation.em, slug));
    assert.ok(await realmIsOpen(installation.em, tenantId));
    let seen: unknown[] | null = null;
    stepIn = async ({ at, when }) => {
      if (at === 'storage.destroy' && when === 'before')
        seen ??= [await findOpenPortal(installation.em, slug), await realmIsOpen(installation.em, tenantId)];
    };
    const { runId } = await installation.removeTenant(tenantId, slug);
    assert.deepEqual(
      [await findOpenPortal(installation.em, slug), await realmIsOpen(installation.em, tenantId)],
      [null, false],
    );
    assert.equal((await installation.runIsOver(runId)).state, 'succeeded');
    assert.deepEqual(seen, [null, false]);
  });

  it('cannot be cancelled, neither by the product nor by the Temporal CLI', async () => {
    const { tenantId, slug } = await installation.provision({ name: 'Resolute' });
    let reached = () => undefined as void;
    const there = new Promise<void>((resolve) => (reached = resolve));
    let goOn = () => undefined as void;
    const released = new Promise<void>((resolve) => (goOn = resolve));
    stepIn = async ({ at, when }) => {
      if (at !== 'realm.destroy' || when !== 'before') return;
      reached();
      await released;
    };
    const { runId } = await installation.removeTenant(tenantId, slug);
    await there;
    await assert.rejects(installation.cancelRun(runId), refusal('run_not_cancellable'));
    const { temporal } = await installation.run(runId);
    await installation.temporal.client.workflow.getHandle(temporal.workflowId).cancel();
    goOn();
    assert.equal((await installation.runIsOver(runId)).state, 'succeeded');
    assert.deepEqual(await remainsOf(installation, tenantId), []);
  });

  it("ends the open sessions of the tenant's role, and whatever that role left elsewhere", async () => {
    const { tenantId, slug } = await installation.provision({ name: 'Connected' });
    const { connect } = await tenantLogin(installation, tenantId);
    const [idle, inTransaction, busy, elsewhere] = await Promise.all([
      connect(),
      connect(),
      connect(),
      connect('postgres'),
    ]);
    await inTransaction.query('begin');
    await inTransaction.query(`insert into settings (name, value) values ('open', '1')`);
    const ended = assert.rejects(busy.query('select pg_sleep(60)'));
    // Any role may make these; they are nobody's schema, and would keep the role from being dropped.
    await idle.query('select lo_create(0)');
    await elsewhere.query('select lo_create(0)');

    const run = await installation.runIsOver((await installation.removeTenant(tenantId, slug)).runId);
    assert.equal(run.state, 'succeeded', run.reason ?? '');
    await ended;
    for (const client of [idle, inTransaction, elsewhere]) await assert.rejects(client.query('select 1'));
    assert.deepEqual(await remainsOf(installation, tenantId), []);
    await assert.rejects(connect());
  });
});
