import assert from 'node:assert/strict';
import type { TenantAddresses } from '#contracts/life/addresses.ts';
import type { Problem } from '#contracts/problems.ts';
import type { Run, RunStarted } from '#contracts/runs.ts';
import { holdTenant } from '#domain/runs/exclusivity.ts';
import { settleAddresses } from '#domain/renaming/dueAddresses.ts';
import { ApiInstallation } from '../../api/apiInstallation.ts';

const inDays = (days: number): Date => new Date(Date.now() + days * 86_400_000);

describe('moving a tenant to another address', () => {
  let api: ApiInstallation;

  before(async () => {
    api = await ApiInstallation.start();
    await api.installation.startWorker();
  });
  after(() => api?.stop());

  const rename = (tenantId: string, slug: string, confirm: string, more: object = {}) =>
    api.ask<RunStarted & Problem>('POST', `/api/v1/tenants/${tenantId}/rename`, { body: { slug, confirm, ...more } });
  const moved = async (tenantId: string, slug: string, confirm: string, more: object = {}) => {
    const { body, text } = await rename(tenantId, slug, confirm, more);
    assert.ok(body.runId, text);
    const run = await api.installation.runIsOver(body.runId);
    assert.equal(run.state, 'succeeded');
    return run;
  };
  const portal = (slug: string) => fetch(`${api.url}/api/v1/portals/${slug}`, { redirect: 'manual' });
  const addressesOf = async (tenantId: string) => {
    const { body } = await api.ask<TenantAddresses>('GET', `/api/v1/tenants/${tenantId}/addresses`);
    return body.items.map(({ slug, state }) => `${slug} ${state}`);
  };
  const settle = (days: number) => settleAddresses(api.installation.em, { holdDays: 90, now: inDays(days) });

  it('answers at the old address where it is now, and keeps the name', async () => {
    const { tenantId } = await api.installation.provision({ name: 'Old name', slug: 'old-address' });
    await moved(tenantId, 'new-address', 'old-address');
    const old = await portal('old-address');
    assert.equal(old.status, 307);
    assert.equal(old.headers.get('location'), '/api/v1/portals/new-address');
    assert.equal(old.headers.get('cache-control'), 'no-store');
    assert.equal(((await old.json()) as Problem).slug, 'new-address');
    const session = await fetch(`${api.url}/api/v1/portals/old-address/session?`, { redirect: 'manual' });
    assert.equal(session.headers.get('location'), '/api/v1/portals/new-address/session?');
    const now = (await (await portal('new-address')).json()) as { name: string; slug: string };
    assert.deepEqual([now.name, now.slug], ['Old name', 'new-address']);
  });

  it('ends the redirect after its days, holds the address from others for its time, and then frees it', async () => {
    const { tenantId } = await api.installation.provision({ name: 'Left', slug: 'left-address' });
    await moved(tenantId, 'taken-address', 'left-address');
    await settle(29);
    assert.equal((await portal('left-address')).status, 307);
    await settle(31);
    assert.equal((await portal('left-address')).status, 404);
    const taken = await api.ask<Problem>('POST', '/api/v1/tenants', { body: { name: 'New', slug: 'left-address' } });
    assert.equal(taken.body.code, 'slug_taken');
    await settle(119);
    assert.deepEqual(await addressesOf(tenantId), ['taken-address current', 'left-address held']);
    await settle(121);
    assert.deepEqual(await addressesOf(tenantId), ['taken-address current']);
    const free = await api.ask('POST', '/api/v1/tenants', { body: { name: 'New', slug: 'left-address' } });
    assert.equal(free.status, 202);
  });

  it('frees nothing of a tenant that something else is changing', async () => {
    const { tenantId } = await api.installation.provision({ name: 'Busy', slug: 'busy-address' });
    await moved(tenantId, 'busier-address', 'busy-address', { redirectDays: 0 });
    await api.installation.em.transactional(async (tx) => {
      await holdTenant(tx, tenantId);
      await settle(200);
      assert.deepEqual(await addressesOf(tenantId), ['busier-address current', 'busy-address held']);
    });
    await settle(200);
    assert.deepEqual(await addressesOf(tenantId), ['busier-address current']);
  });

  it('refuses an address that another has, redirects from, or holds; takes its own back', async () => {
    const one = await api.installation.provision({ name: 'One', slug: 'one-of-two' });
    const two = await api.installation.provision({ name: 'Two', slug: 'two-of-two' });
    assert.equal((await rename(two.tenantId, 'one-of-two', 'two-of-two')).body.code, 'slug_taken');
    await moved(one.tenantId, 'one-elsewhere', 'one-of-two');
    const redirecting = await rename(two.tenantId, 'one-of-two', 'two-of-two');
    assert.deepEqual([redirecting.status, redirecting.body.code], [409, 'slug_taken']);
    assert.ok(redirecting.body.suggestions?.length);
    await moved(one.tenantId, 'one-of-two', 'one-elsewhere');
    assert.deepEqual(await addressesOf(one.tenantId), ['one-of-two current', 'one-elsewhere redirect']);
    await moved(one.tenantId, 'one-elsewhere', 'one-of-two');
    assert.equal((await portal('one-of-two')).headers.get('location'), '/api/v1/portals/one-elsewhere');
    assert.equal((await rename(two.tenantId, 'two-of-two', 'two-of-two')).status, 400);
    assert.equal((await rename(two.tenantId, 'other', 'wrong')).body.code, 'confirmation_mismatch');
    assert.equal((await rename(two.tenantId, 'api', 'two-of-two')).status, 400, 'is reserved');
  });

  it('lets one of several renames at once win, and one of several tenants have the address', async () => {
    const { tenantId, slug } = await api.installation.provision({ name: 'Raced', slug: 'raced' });
    const answers = await Promise.all(['raced-a', 'raced-b', 'raced-c'].map((to) => rename(tenantId, to, slug)));
    const won = answers.filter(({ status }) => status === 202);
    assert.equal(won.length, 1);
    assert.ok(answers.every(({ status, body }) => status === 202 || body.code === 'run_in_progress'));
    await api.installation.runIsOver(won[0]!.body.runId);

    const tenants = await Promise.all(
      ['a', 'b', 'c'].map((name) => api.installation.provision({ name: `Wants ${name}` })),
    );
    const wants = await Promise.all(tenants.map((tenant) => rename(tenant.tenantId, 'wanted-by-three', tenant.slug)));
    assert.deepEqual(wants.map(({ status }) => status).sort(), [202, 409, 409]);
  });

  it('is taken back by another run while that is offered, once, and only while nothing changed since', async () => {
    const { tenantId } = await api.installation.provision({ name: 'There and back', slug: 'here' });
    const there = await moved(tenantId, 'there', 'here', { redirectDays: 0 });
    assert.ok(there.may.reverse && there.reversibleUntil);
    const reverse = (runId: string) => api.ask<RunStarted & Problem>('POST', `/api/v1/runs/${runId}/reverse`);
    const both = await Promise.all([reverse(there.id), reverse(there.id)]);
    assert.deepEqual(both.map(({ status }) => status).sort(), [202, 409]);
    const back = both.find(({ status }) => status === 202)!.body.runId;
    const run = await api.installation.runIsOver(back);
    assert.partialDeepStrictEqual(run, { state: 'succeeded', reverseOf: there.id, may: { reverse: false } });
    assert.equal((await api.ask<Run>('GET', `/api/v1/runs/${there.id}`)).body.may.reverse, false);
    assert.deepEqual(await addressesOf(tenantId), ['here current', 'there redirect']);
    assert.equal((await reverse(there.id)).body.code, 'run_not_reversible');

    const first = await moved(tenantId, 'further', 'here');
    await moved(tenantId, 'furthest', 'further');
    assert.equal((await reverse(first.id)).body.code, 'run_not_reversible');
    const late = await moved(tenantId, 'too-late', 'furthest');
    await api.installation.asAdmin(null, 'update runs set reversible_until = now() where id = $1', [late.id]);
    assert.equal((await reverse(late.id)).body.code, 'run_not_reversible');
  });

  it('leaves the old address where it was when it is cancelled before it moved', async () => {
    const { tenantId } = await api.installation.provision({ name: 'Cancelled', slug: 'stays-here' });
    const { body } = await rename(tenantId, 'goes-nowhere', 'stays-here');
    await api.ask('POST', `/api/v1/runs/${body.runId}/cancel`);
    const { state } = await api.installation.runIsOver(body.runId);
    assert.deepEqual(
      await addressesOf(tenantId),
      state === 'cancelled' ? ['stays-here current'] : ['goes-nowhere current', 'stays-here redirect'],
    );
  });
}).timeout(120_000);
